//! What is done with an interchange once its last byte is here: it is received by the gateway, or kept as evidence.

use std::sync::Arc;

use tracing::field::Empty;
use tracing::{Instrument as _, Span, error, info, info_span, warn};

use super::desk::{Claim, Desk};
use crate::channel::contained::{Panicked, contained};
use crate::channel::tally;
use crate::event::{Outcome, SecurityEvent};
use crate::gateway::{Gateway, Received, Reply, Turn};
use crate::partner::Partner;
use crate::record::{Channel, Delivery, Evidence};
use crate::store::{Store, Unavailable};

/// What goes back.
pub(super) enum Answered {
    /// These answers, in this order; none for an interchange that wants none.
    Replies {
        /// The answers, each claimed for the connection that asked.
        replies: Vec<(Reply, Claim)>,
        /// Whether the interchange came before.
        is_repeat: bool,
    },
    /// Nothing, for nobody can be answered; it is kept as evidence.
    Unreadable,
    /// Nothing, for the gateway is in trouble; nothing was acknowledged, and the partner may come again.
    NotNow,
}

/// Receives one interchange in its turn.
pub(super) async fn receive<S: Store>(
    (gateway, turn): (Arc<Gateway<S>>, Turn),
    desk: Arc<Desk>,
    partner: Arc<Partner>,
    delivery: Delivery,
) -> Answered {
    let channel = delivery.channel;
    let span = info_span!("interchange", channel = channel.as_str(), partner = %partner.id, reference = Empty, outcome = Empty);
    let work = async {
        let outcome = contained(settle((&gateway, turn), &desk, &partner, delivery.clone())).await;
        match outcome {
            Ok(Ok((received, replies))) => answered(channel, &partner, &received, replies),
            Ok(Err(unavailable)) => not_now(channel, &partner, &unavailable),
            Err(panicked) => {
                keep_after_panic(&gateway, &partner, delivery, &panicked).await;
                Answered::NotNow
            }
        }
    };
    work.instrument(span).await
}

/// From the bytes to the answers, claimed before anybody else can take them for waiting.
async fn settle<S: Store>(
    (gateway, turn): (&Gateway<S>, Turn),
    desk: &Arc<Desk>,
    partner: &Partner,
    delivery: Delivery,
) -> Result<(Received, Vec<(Reply, Claim)>), Unavailable> {
    let _settling = desk.settling.read().await;
    let mut received = gateway.receive_in_turn(turn, partner, delivery).await?;
    let replies = match &mut received {
        Received::Recorded { replies, .. } => std::mem::take(replies),
        Received::Unreadable { .. } => Vec::new(),
    };
    let replies = replies.into_iter().map(|reply| {
        let claim = desk.claim(reply.answer);
        (reply, claim)
    });
    Ok((received, replies.collect()))
}

fn answered(channel: Channel, partner: &Partner, received: &Received, replies: Vec<(Reply, Claim)>) -> Answered {
    let outcome = tally::count_received(channel, &partner.id, received);
    Span::current().record("outcome", outcome.as_str());
    match received {
        Received::Recorded { recorded, is_repeat, .. } => {
            // What a partner wrote goes into the log only with everything in it released that could pass for the log's own.
            let reference = recorded.facts.envelope.reference.0.escape_debug();
            Span::current().record("reference", tracing::field::display(reference));
            if let Some(finding) = recorded.facts.refusal() {
                info!(reason = %finding.detail.escape_debug(), "the interchange is refused as a whole");
            }
            info!(record = %recorded.number, answers = replies.len(), "interchange recorded");
            Answered::Replies { replies, is_repeat: *is_repeat }
        }
        Received::Unreadable { reason } => {
            warn!(reason, "nobody can be answered, the bytes are kept as evidence");
            Answered::Unreadable
        }
    }
}

fn not_now(channel: Channel, partner: &Partner, unavailable: &Unavailable) -> Answered {
    tally::count(channel, &partner.id, Outcome::Unavailable);
    Span::current().record("outcome", Outcome::Unavailable.as_str());
    error!(%unavailable, "nothing was recorded and nothing is acknowledged, the partner may come again");
    Answered::NotNow
}

/// Keeps what brought the gateway down, for those who mend it. It is never tried again by itself.
async fn keep_after_panic<S: Store>(gateway: &Gateway<S>, partner: &Partner, delivery: Delivery, panicked: &Panicked) {
    tally::count(delivery.channel, &partner.id, Outcome::Panicked);
    Span::current().record("outcome", Outcome::Panicked.as_str());
    error!("a fault of the gateway ended an interchange, its bytes are kept as evidence");
    tracing::debug!(message = panicked.message, "what the fault said");
    let evidence = Evidence { delivery, reason: "a fault of the gateway ended it".to_owned() };
    match contained(gateway.keep(evidence)).await {
        Ok(Ok(_)) => {}
        Ok(Err(unavailable)) => error!(%unavailable, "the evidence could not be kept"),
        Err(_) => error!("a second fault of the gateway, the evidence could not be kept"),
    }
}

/// Keeps bytes that are no interchange, or too many.
pub(super) async fn keep<S: Store>(
    gateway: Arc<Gateway<S>>,
    partner: Arc<Partner>,
    delivery: Delivery,
    reason: String,
) -> Answered {
    let channel = delivery.channel;
    tally::count(channel, &partner.id, Outcome::Evidence);
    tally::count_security(SecurityEvent::Unreadable);
    warn!(partner = %partner.id, reason, "nobody can be answered, the bytes are kept as evidence");
    match contained(gateway.keep(Evidence { delivery, reason })).await {
        Ok(Ok(_)) => Answered::Unreadable,
        Ok(Err(unavailable)) => {
            error!(%unavailable, "the evidence could not be kept");
            Answered::NotNow
        }
        Err(_) => Answered::NotNow,
    }
}
