//! The TCP connection under a socket. Where a client takes none of an answer, actix waits for it
//! without end, and nothing that is sent through it reaches the client: the connection has to be
//! shut from outside.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use tokio::sync::oneshot;

use crate::http::connection::Connection;

/// Keeps the connection of a response open, and cuts it.
pub struct Line {
    connection: Option<Arc<Connection>>,
    /// Ends when the body is dropped.
    gone: oneshot::Receiver<Infallible>,
    /// Ends when the last of the body has been written, as far as the client took it.
    written: oneshot::Receiver<Infallible>,
    /// The body ends no earlier than this is dropped.
    _hold: oneshot::Sender<Infallible>,
}

impl Line {
    /// The line over which this response goes.
    pub fn of(request: &HttpRequest, response: HttpResponse) -> (Self, HttpResponse) {
        let connection = request.conn_data::<Arc<Connection>>().cloned();
        let (alive, gone) = oneshot::channel();
        let (last, written) = oneshot::channel();
        let (hold, held) = oneshot::channel();
        let response = response
            .map_body(|_, body| BoxBody::new(Body { body, last: Some(last), held, _alive: alive }));
        (Self { connection, gone, written, _hold: hold }, response)
    }

    /// Ends when everything has been written, or the connection is gone.
    pub async fn written(&mut self) {
        let _ = (&mut self.written).await;
    }

    /// Ends when the connection is gone.
    pub async fn gone(&mut self) {
        let _ = (&mut self.gone).await;
    }

    /// Cut the connection. What has been written is still sent.
    pub fn cut(self) {
        if let Some(connection) = &self.connection {
            connection.shut();
        }
    }
}

/// A body that goes on without a word after its end, as long as its [`Line`] holds it.
struct Body {
    body: BoxBody,
    /// Dropped at its end.
    last: Option<oneshot::Sender<Infallible>>,
    held: oneshot::Receiver<Infallible>,
    _alive: oneshot::Sender<Infallible>,
}

impl MessageBody for Body {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        if self.last.is_some() {
            match Pin::new(&mut self.body).poll_next(context) {
                Poll::Ready(None) => self.last = None,
                other => return other,
            }
        }
        Pin::new(&mut self.held).poll(context).map(|_| None)
    }
}
