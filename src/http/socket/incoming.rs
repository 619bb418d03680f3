//! What comes from the client: frames put together to messages, none larger than allowed.

use std::io::ErrorKind;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::error::PayloadError;
use actix_web::web::{self, Bytes};
use actix_web::{FromRequest, HttpRequest, dev};
use actix_ws::{CloseReason, Item, Message, MessageStream, ProtocolError};
use futures_util::{Stream, StreamExt};

use super::limit::Buffer;
use super::protocol::Close;

/// Bytes of a frame that are not counted: most messages are small, and soon gone.
const SMALL_BYTES: usize = 4096;

/// What a client sends.
#[derive(Debug)]
pub enum Incoming {
    /// A message, whole.
    Text(String),
    /// A ping, to be answered with the same bytes.
    Ping(Bytes),
    /// The answer to a ping.
    Pong,
    /// The client closes the socket.
    Close(Option<CloseReason>),
}

/// The messages of a client.
pub struct Messages {
    frames: MessageStream,
    bytes_max: usize,
    /// The fragments of a message so far.
    partial: Vec<u8>,
    /// The memory that they take.
    buffer: Buffer,
    /// Whether nothing more can be read.
    has_failed: bool,
}

impl Messages {
    /// The messages in frames, of at most so many bytes each.
    pub fn new(frames: MessageStream, bytes_max: usize, buffer: Buffer) -> Self {
        let frames = frames.max_frame_size(bytes_max);
        Self { frames, bytes_max, partial: Vec::new(), buffer, has_failed: false }
    }

    /// The next one; none where the client is gone. Nothing is lost when this is dropped early.
    pub async fn next(&mut self) -> Option<Result<Incoming, Close>> {
        loop {
            let message = match self.frames.next().await? {
                Ok(message) => message,
                Err(error) => {
                    self.has_failed = true;
                    return close_of(&error, self.bytes_max).map(Err);
                }
            };
            let whole = match message {
                Message::Text(text) => Ok(Incoming::Text(text.to_string())),
                Message::Continuation(item) => match self.assemble(item).transpose() {
                    Some(whole) => whole,
                    None => continue,
                },
                Message::Binary(_) => Err(Close::bad_message("Messages are sent as text")),
                Message::Ping(bytes) => Ok(Incoming::Ping(bytes)),
                Message::Pong(_) => Ok(Incoming::Pong),
                Message::Close(reason) => Ok(Incoming::Close(reason)),
                Message::Nop => continue,
            };
            return Some(whole);
        }
    }

    /// Wait until the client has closed the socket or is gone, whatever else it sends.
    pub async fn drain(self) {
        let Self { mut frames, has_failed, .. } = self;
        if !has_failed {
            loop {
                match frames.next().await {
                    None | Some(Ok(Message::Close(_))) => return,
                    Some(Ok(_)) => {}
                    Some(Err(_)) => break,
                }
            }
        }
        // Without a reader, what still comes is thrown away.
        drop(frames);
        std::future::pending::<()>().await;
    }

    /// Add a fragment to the message, which is there with the last of them.
    fn assemble(&mut self, item: Item) -> Result<Option<Incoming>, Close> {
        let (bytes, is_last) = match item {
            Item::FirstBinary(_) => return Err(Close::bad_message("Messages are sent as text")),
            Item::FirstText(bytes) | Item::Continue(bytes) => (bytes, false),
            Item::Last(bytes) => (bytes, true),
        };
        if self.partial.len() + bytes.len() > self.bytes_max {
            return Err(Close::too_large(self.bytes_max));
        }
        if !self.buffer.hold(self.partial.len() + bytes.len()) {
            return Err(Close::no_room());
        }
        self.partial.extend_from_slice(&bytes);
        if !is_last {
            return Ok(None);
        }
        // Giving back always fits.
        let _ = self.buffer.hold(0);
        let text = String::from_utf8(std::mem::take(&mut self.partial));
        text.map(|text| Some(Incoming::Text(text))).map_err(|_| Close::not_utf8())
    }
}

/// How a socket is closed after an error; none where the connection broke.
fn close_of(error: &ProtocolError, bytes_max: usize) -> Option<Close> {
    match error {
        ProtocolError::Overflow => Some(Close::too_large(bytes_max)),
        ProtocolError::Io(error) => {
            let Some(cause) = error.get_ref() else { return Some(Close::malformed()) };
            match cause.downcast_ref::<PayloadError>() {
                Some(PayloadError::Overflow) => Some(Close::too_large(bytes_max)),
                Some(PayloadError::Io(error)) if error.kind() == ErrorKind::OutOfMemory => {
                    Some(Close::no_room())
                }
                Some(_) => None,
                None if cause.is::<std::str::Utf8Error>() => Some(Close::not_utf8()),
                None => Some(Close::malformed()),
            }
        }
        _ => Some(Close::malformed()),
    }
}

/// A payload that breaks off where a frame announces more bytes than allowed, or than there is
/// memory for. The decoder of actix looks at the length only once it has buffered the whole frame.
pub async fn bounded(
    request: &HttpRequest,
    payload: web::Payload,
    bytes_max: usize,
    buffer: Buffer,
) -> Result<web::Payload, actix_web::Error> {
    let frames = Frames::new(bytes_max);
    let bounded: Pin<Box<dyn Stream<Item = Result<Bytes, PayloadError>>>> =
        Box::pin(Bounded { payload, frames, buffer });
    web::Payload::from_request(request, &mut dev::Payload::from(bounded)).await
}

struct Bounded {
    payload: web::Payload,
    frames: Frames,
    buffer: Buffer,
}

impl Stream for Bounded {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = self.payload.poll_next_unpin(context);
        if let Poll::Ready(Some(Ok(bytes))) = &next {
            let this = &mut *self;
            if !this.frames.fit(bytes) {
                return Poll::Ready(Some(Err(PayloadError::Overflow)));
            }
            if !this.buffer.hold(this.frames.large()) {
                let error = ErrorKind::OutOfMemory.into();
                return Poll::Ready(Some(Err(PayloadError::Io(error))));
            }
        }
        next
    }
}

/// Two bytes, up to eight of length, four of masking key: RFC 6455, section 5.2.
const HEADER_BYTES_MAX: usize = 14;

/// Follows frames by their headers.
struct Frames {
    /// Bytes of the present frame, and of those the ones that are still to come.
    frame_bytes: u64,
    left: u64,
    header: [u8; HEADER_BYTES_MAX],
    header_bytes: usize,
    bytes_max: usize,
}

impl Frames {
    fn new(bytes_max: usize) -> Self {
        let header = [0; HEADER_BYTES_MAX];
        Self { frame_bytes: 0, left: 0, header, header_bytes: 0, bytes_max }
    }

    /// Whether no frame that begins in these bytes is too large.
    fn fit(&mut self, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            if self.left > 0 {
                let skipped =
                    usize::try_from(self.left).map_or(bytes.len(), |l| l.min(bytes.len()));
                bytes = &bytes[skipped..];
                self.left -= skipped as u64;
                continue;
            }
            self.header[self.header_bytes] = bytes[0];
            self.header_bytes += 1;
            bytes = &bytes[1..];
            if let Some(length) = self.length() {
                if length > self.bytes_max as u64 {
                    return false;
                }
                (self.frame_bytes, self.left) = (length, length);
                self.header_bytes = 0;
            }
        }
        true
    }

    /// Bytes of the present frame, unless it is small or has ended.
    fn large(&self) -> usize {
        let bytes = if self.left > 0 { self.frame_bytes } else { 0 };
        usize::try_from(bytes).unwrap_or(0).saturating_sub(SMALL_BYTES)
    }

    /// The length of the frame, once its header is complete.
    fn length(&self) -> Option<u64> {
        let header = &self.header[..self.header_bytes];
        let second = *header.get(1)?;
        let short = second & 0x7f;
        let length_bytes = match short {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let mask_bytes = if second & 0x80 == 0 { 0 } else { 4 };
        if header.len() < 2 + length_bytes + mask_bytes {
            return None;
        }
        let long = header[2..2 + length_bytes].iter();
        Some(match length_bytes {
            0 => short.into(),
            _ => long.fold(0, |length, byte| length << 8 | u64::from(*byte)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame of so many bytes, its length written in the shortest way.
    fn frame(length: usize) -> Vec<u8> {
        let mut frame = vec![0x81];
        match length {
            0..126 => frame.push(0x80 | u8::try_from(length).expect("short")),
            126..65_536 => {
                frame.push(0x80 | 126);
                frame.extend(u16::try_from(length).expect("short").to_be_bytes());
            }
            _ => {
                frame.push(0x80 | 127);
                frame.extend((length as u64).to_be_bytes());
            }
        }
        frame.extend([1, 2, 3, 4]);
        // What would be a header of a huge frame, were it one.
        frame.extend(std::iter::repeat_n(0xff, length));
        frame
    }

    #[test]
    fn frames_are_followed_however_they_are_cut() {
        let lengths = [0, 1, 125, 126, 127, 65_535, 65_536, 70_000, 0, 5];
        let bytes: Vec<u8> = lengths.iter().flat_map(|length| frame(*length)).collect();
        for size in [1, 2, 3, 7, 1000, bytes.len()] {
            let mut frames = Frames::new(70_000);
            assert!(bytes.chunks(size).all(|chunk| frames.fit(chunk)), "{size}");
            assert_eq!((frames.left, frames.header_bytes), (0, 0), "{size}");
        }
    }

    #[test]
    fn a_large_frame_is_told_by_its_header() {
        for length in [101, 126, 70_000, usize::MAX >> 1] {
            let header = match length {
                70_001.. => {
                    [&[0x81, 0xff], (length as u64).to_be_bytes().as_slice(), &[0; 4]].concat()
                }
                _ => frame(length)[..if length < 126 {
                    6
                } else if length < 65_536 {
                    8
                } else {
                    14
                }]
                    .to_vec(),
            };
            let mut frames = Frames::new(100);
            assert!(frames.fit(&frame(100)), "{length}");
            assert!(!frames.fit(&header), "{length}");
        }
    }
}
