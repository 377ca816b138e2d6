//! The authorities' X.509: mint, path, scope, revocation, trust list.
