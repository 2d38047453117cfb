//! Whether the gateway can take interchanges, as `/readyz` tells it.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::admin::{Check, Readiness};
use crate::gateway::Gateway;
use crate::store::Store;

/// What is asked at every visit.
pub(super) struct Ready<S> {
    pub(super) gateway: Arc<Gateway<S>>,
    pub(super) draining: CancellationToken,
}

impl<S: Store> Readiness for Ready<S> {
    fn checks(&self) -> Vec<Check> {
        let store = self.gateway.store().ready().map_err(|unavailable| unavailable.to_string());
        let door = if self.draining.is_cancelled() { Err("it is draining".to_owned()) } else { Ok(()) };
        let rulebook = self.gateway.rulebook();
        let is_guided = rulebook.guides.iter().any(|guide| rulebook.catalogue.message(&guide.message).is_some());
        let grammars = if is_guided { Ok(()) } else { Err("no declaration has a grammar and a guide".to_owned()) };
        vec![
            Check { name: "store", state: store },
            Check { name: "grammars", state: grammars },
            Check { name: "edi-tls", state: door },
        ]
    }
}
