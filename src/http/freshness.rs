//! Before a request is looked at that the ledger has a say in, this node sees everything that any node has acknowledged
//! (STORE.md §7.3).

use axum::extract::{self, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::router::Operation;
use super::state::State;
use super::statements::not_ready;

impl Operation {
    /// Whether its answer follows from the ledger as it is now.
    pub(super) const fn reads_ledger(self) -> bool {
        self.admits().is_guarded()
            || self.judges()
            || matches!(
                self,
                Self::TrustList
                    | Self::TrustListPem
                    | Self::Pack
                    | Self::ListStatusLists
                    | Self::ShowStatusList
                    | Self::LedgerCheckpoint
            )
    }

    /// Whether it answers with verdicts, which say by themselves what could not be looked up.
    const fn judges(self) -> bool {
        matches!(self, Self::Verify | Self::VerifyBatch | Self::JudgeOnPage)
    }
}

/// Stands around a call that reads the ledger.
pub(super) async fn be_fresh(
    extract::State((state, operation)): extract::State<(State, Operation)>,
    request: Request,
    next: Next,
) -> Response {
    match state.registry.fresh().await {
        Err(error) if !operation.judges() => not_ready(error).into_response(),
        _ => next.run(request).await,
    }
}
