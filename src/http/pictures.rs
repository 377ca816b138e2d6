//! Pictures are read by a bounded set of workers, off the threads that answer text.

use std::sync::Arc;

use axum::body::Bytes;
use axum::http::StatusCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::problem::Problem;
use crate::config::HttpLimits;
use crate::render::{PictureLimits, ReadError, read_qr};

/// Reads QR codes out of pictures, a few at a time.
#[derive(Clone)]
pub struct PictureReaders {
    places: Arc<Semaphore>,
    workers: Arc<Semaphore>,
    limits: PictureLimits,
}

/// A place among the pictures that are being sent, wait, or are read. It bounds the memory they take.
pub struct PicturePlace(OwnedSemaphorePermit);

impl PictureReaders {
    /// As many workers and places as `limits` say.
    pub fn new(limits: &HttpLimits) -> Self {
        let places = limits.picture_workers.saturating_add(limits.picture_queue);
        Self {
            places: Arc::new(Semaphore::new(places)),
            workers: Arc::new(Semaphore::new(limits.picture_workers)),
            limits: PictureLimits { bytes: limits.picture_body, ..PictureLimits::default() },
        }
    }

    /// A place, to be taken before the picture's bytes are read.
    ///
    /// # Errors
    ///
    /// 503 `pictures_busy` where there is none.
    pub fn place(&self) -> Result<PicturePlace, Problem> {
        let place = Arc::clone(&self.places).try_acquire_owned();
        place.map(PicturePlace).map_err(|_| {
            Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "pictures_busy",
                "too many pictures are being read; try again, or send the QR code's text",
            )
            .retry_after(2)
        })
    }

    /// The text of the QR code in a picture.
    ///
    /// # Errors
    ///
    /// 413 for one that is too large, else 422, with a code for each [`ReadError`].
    pub async fn read(&self, place: PicturePlace, picture: Bytes) -> Result<String, Problem> {
        let worker = Arc::clone(&self.workers).acquire_owned().await;
        let limits = self.limits;
        // Worker and place go with the work: a client that hangs up does not free them while a thread is still busy.
        let read = tokio::task::spawn_blocking(move || {
            let _held = (worker, place.0);
            read_qr(&picture, &limits)
        });
        let read = read.await.map_err(Problem::internal)?;
        read.map_err(|error| Problem::from(&error))
    }
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
