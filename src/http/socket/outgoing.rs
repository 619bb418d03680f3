//! What goes to the client: messages cut into frames, handed over as fast as it reads them.

use std::collections::VecDeque;

use actix_web::web::Bytes;
use actix_ws::{Closed, Item, Session};
use tokio::time::Instant;

/// Largest frame, in bytes. The session buffers 32 of them, whoever reads how slowly.
const FRAME_BYTES_MAX: usize = 4096;

enum Frame {
    Text(String),
    First(Bytes),
    Middle(Bytes),
    Last(Bytes),
    Ping,
    Pong(Bytes),
}

/// The way to the client.
pub struct Outgoing {
    session: Session,
    frames: VecDeque<Frame>,
    moved: Instant,
}

impl Outgoing {
    /// The way into a session.
    pub fn new(session: Session) -> Self {
        Self { session, frames: VecDeque::new(), moved: Instant::now() }
    }

    /// Whether everything has been handed over.
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// When the client last took something, while anything is left for it to take.
    pub fn moved(&self) -> Instant {
        self.moved
    }

    /// Queue a message.
    pub fn text(&mut self, text: String) {
        if text.len() <= FRAME_BYTES_MAX {
            return self.push(Frame::Text(text));
        }
        let mut rest = Bytes::from(text);
        self.push(Frame::First(rest.split_to(FRAME_BYTES_MAX)));
        while rest.len() > FRAME_BYTES_MAX {
            self.push(Frame::Middle(rest.split_to(FRAME_BYTES_MAX)));
        }
        self.push(Frame::Last(rest));
    }

    /// Queue a ping.
    pub fn ping(&mut self) {
        self.push(Frame::Ping);
    }

    /// Queue the answer to a ping.
    pub fn pong(&mut self, bytes: Bytes) {
        self.push(Frame::Pong(bytes));
    }

    fn push(&mut self, frame: Frame) {
        if self.frames.is_empty() {
            self.moved = Instant::now();
        }
        self.frames.push_back(frame);
    }

    /// Hand over the next frame. Nothing is lost when this is dropped early.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn send(&mut self) -> Result<(), Closed> {
        let session = &mut self.session;
        match self.frames.front() {
            None => return Ok(()),
            Some(Frame::Text(text)) => session.text(text.clone()).await?,
            Some(Frame::First(bytes)) => {
                session.continuation(Item::FirstText(bytes.clone())).await?;
            }
            Some(Frame::Middle(bytes)) => {
                session.continuation(Item::Continue(bytes.clone())).await?;
            }
            Some(Frame::Last(bytes)) => session.continuation(Item::Last(bytes.clone())).await?,
            Some(Frame::Ping) => session.ping(b"").await?,
            Some(Frame::Pong(bytes)) => session.pong(bytes).await?,
        }
        self.frames.pop_front();
        self.moved = Instant::now();
        Ok(())
    }

    /// The session, to close it; what is still queued is dropped.
    pub fn into_session(self) -> Session {
        self.session
    }
}
