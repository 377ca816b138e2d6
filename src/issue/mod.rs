//! Draft + type + authority → signed licence; status changes.
