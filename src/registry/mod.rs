//! What the installation does: one act a file, over store, keys and time.
