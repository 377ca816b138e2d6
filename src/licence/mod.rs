//! What a licence is: identifier, holder, type catalogue, fields, lifecycle. Pure data.
