//! Pictures are read by a bounded set of workers, off the threads that answer text, and take a bounded memory on their way.
//!
//! A picture is charged for the bytes that have come, not for those it promises: who sends slowly holds next to nothing, and
//! keeps nobody else's picture out.

use std::sync::Arc;

use axum::body::Body;
use axum::http::StatusCode;
use futures_util::StreamExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::body;
use super::problem::Problem;
use crate::config::HttpLimits;
use crate::render::{PictureLimits, ReadError, read_qr};

/// Reads QR codes out of pictures, a few at a time.
#[derive(Clone)]
pub struct PictureReaders {
    memory: Arc<Semaphore>,
    places: Arc<Semaphore>,
    workers: Arc<Semaphore>,
    limits: PictureLimits,
}

/// What came of a picture, and the room it takes until it was read.
pub(super) struct Upload {
    pub(super) bytes: Vec<u8>,
    room: Option<OwnedSemaphorePermit>,
}

impl PictureReaders {
    /// As many workers and as much memory as `limits` say.
    pub fn new(limits: &HttpLimits) -> Self {
        Self {
            memory: Arc::new(Semaphore::new(limits.picture_memory.min(Semaphore::MAX_PERMITS))),
            places: Arc::new(Semaphore::new(limits.picture_workers.saturating_add(limits.picture_queue))),
            workers: Arc::new(Semaphore::new(limits.picture_workers)),
            limits: PictureLimits { bytes: limits.picture_body, ..PictureLimits::default() },
        }
    }

    /// A body of at most `most` bytes that is a picture, or a form with one.
    ///
    /// # Errors
    ///
    /// 503 `pictures_busy` where the memory for pictures is taken, and whatever any body is refused for.
    pub(super) async fn receive(
        &self,
        body: Body,
        most: usize,
        deadline: Instant,
    ) -> Result<Upload, Problem> {
        body::refuse_by_length(&body, most)?;
        let mut upload = Upload { bytes: Vec::new(), room: None };
        let mut pieces = body.into_data_stream();
        loop {
            let piece = match timeout_at(deadline, pieces.next()).await {
                Ok(Some(Ok(piece))) => piece,
                Ok(Some(Err(_))) => return Err(body::incomplete()),
                Ok(None) => return Ok(upload),
                Err(_) => return Err(body::late()),
            };
            if piece.len() > most.saturating_sub(upload.bytes.len()) {
                return Err(Problem::too_large(most));
            }
            upload.keep(self.room_for(piece.len())?);
            upload.bytes.extend_from_slice(&piece);
        }
    }

    /// Room for so many bytes, until it is dropped.
    fn room_for(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Problem> {
        let room = u32::try_from(bytes).ok();
        let room = room.and_then(|bytes| Arc::clone(&self.memory).try_acquire_many_owned(bytes).ok());
        room.ok_or_else(busy)
    }

    /// The text of the QR code in a picture.
    ///
    /// # Errors
    ///
    /// 503 `pictures_busy` where too many wait; 413 for one that is too large, else 422, with a code for each [`ReadError`].
    pub(super) async fn read(&self, upload: Upload) -> Result<String, Problem> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| busy())?;
        let worker = Arc::clone(&self.workers).acquire_owned().await;
        let limits = self.limits;
        // All three go with the work: a client that hangs up does not free them while a thread is still busy.
        let read = tokio::task::spawn_blocking(move || {
            let _held = (worker, place, upload.room);
            read_qr(&upload.bytes, &limits)
        });
        let read = read.await.map_err(Problem::internal)?;
        read.map_err(|error| Problem::from(&error))
    }
}

impl Upload {
    fn keep(&mut self, more: OwnedSemaphorePermit) {
        match &mut self.room {
            Some(room) => room.merge(more),
            None => self.room = Some(more),
        }
    }

    /// The same room for a part of the bytes.
    pub(super) fn with(self, bytes: Vec<u8>) -> Self {
        Self { bytes, ..self }
    }
}

fn busy() -> Problem {
    let detail = "too many pictures are being read; try again, or send the QR code's text";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "pictures_busy", detail).retry_after(2_u32)
}

impl From<&ReadError> for Problem {
    fn from(error: &ReadError) -> Self {
        let (status, code) = match error {
            ReadError::UnknownFormat => (StatusCode::UNPROCESSABLE_ENTITY, "picture_format_unknown"),
            ReadError::TooManyBytes { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "picture_too_many_bytes"),
            ReadError::TooManyPixels { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "picture_too_many_pixels"),
            ReadError::TooManyDecodedBytes { .. } => {
                (StatusCode::PAYLOAD_TOO_LARGE, "picture_too_many_decoded_bytes")
            }
            ReadError::Damaged => (StatusCode::UNPROCESSABLE_ENTITY, "picture_damaged"),
            ReadError::NoCode => (StatusCode::UNPROCESSABLE_ENTITY, "picture_without_code"),
            ReadError::SeveralCodes { .. } => {
                (StatusCode::UNPROCESSABLE_ENTITY, "picture_with_several_codes")
            }
            ReadError::NotText => (StatusCode::UNPROCESSABLE_ENTITY, "picture_code_not_text"),
            ReadError::PartOfSeries { .. } => {
                (StatusCode::UNPROCESSABLE_ENTITY, "picture_code_part_of_series")
            }
        };
        Self::new(status, code, error.to_string())
    }
}
