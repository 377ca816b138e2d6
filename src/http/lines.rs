//! A body cut into lines, with no more of it in memory than a line and what came last.

use std::time::Duration;

use axum::body::BodyDataStream;
use futures_util::StreamExt;
use tokio::time::{Instant, timeout};

use super::body;
use super::problem::Problem;

/// A line without its end, or why there is none.
pub(super) type Line = Result<Vec<u8>, Problem>;

/// A body cut into lines.
pub(super) struct Lines {
    body: BodyDataStream,
    limits: LineLimits,
    /// What came. Up to `start` it was given out, and from there up to `scanned` it holds no line end.
    came: Vec<u8>,
    start: usize,
    scanned: usize,
    /// The rest of a line that was too long is on its way.
    skipping: bool,
    ended: bool,
}

/// What the lines of a body are held to.
pub(super) struct LineLimits {
    /// Bytes of a line.
    pub(super) line: usize,
    /// From one piece of the body to the next.
    pub(super) patience: Duration,
    /// When the whole body has to be there.
    pub(super) deadline: Instant,
}

impl Lines {
    pub(super) const fn new(body: BodyDataStream, limits: LineLimits) -> Self {
        Self { body, limits, came: Vec::new(), start: 0, scanned: 0, skipping: false, ended: false }
    }

    /// The next line, and those behind it that are there already: at most `lines`, and no more once they have `bytes`.
    /// `None` at the body's end.
    pub(super) async fn some(&mut self, lines: usize, bytes: usize) -> Option<Vec<Line>> {
        let mut some = vec![self.next().await?];
        let mut size = length(&some);
        while some.len() < lines && size < bytes {
            let Some(line) = self.complete() else { break };
            some.push(line);
            size += length(some.get(some.len() - 1..).unwrap_or_default());
        }
        Some(some)
    }

    async fn next(&mut self) -> Option<Line> {
        loop {
            if let Some(line) = self.complete() {
                return Some(line);
            }
            if self.ended {
                return self.last();
            }
            let left = self.limits.deadline.saturating_duration_since(Instant::now());
            match timeout(self.limits.patience.min(left), self.body.next()).await {
                Ok(Some(Ok(piece))) => self.take(&piece),
                Ok(None) => self.ended = true,
                Ok(Some(Err(_))) => return Some(Err(self.give_up(body::incomplete()))),
                Err(_) => return Some(Err(self.give_up(body::late()))),
            }
        }
    }

    fn take(&mut self, piece: &[u8]) {
        self.came.drain(..self.start);
        self.scanned -= self.start;
        self.start = 0;
        self.came.extend_from_slice(piece);
    }

    /// A line that is there to its end already.
    fn complete(&mut self) -> Option<Line> {
        loop {
            let fresh = self.came.get(self.scanned..).unwrap_or_default();
            let Some(end) = fresh.iter().position(|byte| *byte == b'\n') else {
                self.scanned = self.came.len();
                return self.too_long();
            };
            let line = self.came.get(self.start..self.scanned + end).unwrap_or_default();
            let line = if line.len() <= self.limits.line { Ok(line.to_vec()) } else { Err(self.refusal()) };
            self.scanned += end + 1;
            self.start = self.scanned;
            if !std::mem::take(&mut self.skipping) {
                return Some(line);
            }
        }
    }

    /// A line without an end is given up once it is too long, and what still comes of it thrown away.
    fn too_long(&mut self) -> Option<Line> {
        if self.came.len() - self.start <= self.limits.line && !self.skipping {
            return None;
        }
        self.clear();
        let first = !std::mem::replace(&mut self.skipping, true);
        first.then(|| Err(self.refusal()))
    }

    /// A last line that has no end.
    fn last(&mut self) -> Option<Line> {
        let line = self.came.split_off(self.start);
        self.clear();
        (!line.is_empty()).then_some(Ok(line))
    }

    fn give_up(&mut self, problem: Problem) -> Problem {
        self.clear();
        self.ended = true;
        problem
    }

    fn refusal(&self) -> Problem {
        Problem::too_large(self.limits.line)
    }

    fn clear(&mut self) {
        self.came.clear();
        self.start = 0;
        self.scanned = 0;
    }
}

fn length(lines: &[Line]) -> usize {
    lines.iter().map(|line| line.as_ref().map_or(0, Vec::len)).sum()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use futures_util::stream;
    use proptest::prelude::*;

    use super::*;

    /// The lines of a body that comes in these pieces; too long ones as `None`.
    fn cut(pieces: Vec<Vec<u8>>, most: usize) -> Vec<Option<Vec<u8>>> {
        let pieces = pieces.into_iter().map(Ok::<_, std::io::Error>);
        let body = Body::from_stream(stream::iter(pieces)).into_data_stream();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let day = Duration::from_secs(86_400);
            let limits = LineLimits { line: most, patience: day, deadline: Instant::now() + day };
            let mut lines = Lines::new(body, limits);
            let mut all = Vec::new();
            while let Some(some) = lines.some(3, 10).await {
                assert!((1..=3).contains(&some.len()));
                all.extend(some.into_iter().map(Result::ok));
            }
            all
        })
    }

    proptest! {
        #[test]
        fn lines_are_the_same_however_the_body_is_cut(
            text in "[ab\n]{0,60}",
            cuts in prop::collection::vec(1_usize..9, 0..40),
            most in 1_usize..9,
        ) {
            let mut rest = text.as_bytes();
            let mut pieces = Vec::new();
            for cut in cuts {
                let (piece, tail) = rest.split_at(cut.min(rest.len()));
                pieces.push(piece.to_vec());
                rest = tail;
            }
            pieces.push(rest.to_vec());
            let mut expected: Vec<&str> = text.split('\n').collect();
            expected.pop_if(|last| last.is_empty());
            let expected: Vec<Option<Vec<u8>>> = expected
                .into_iter()
                .map(|line| (line.len() <= most).then(|| line.as_bytes().to_vec()))
                .collect();
            prop_assert_eq!(cut(pieces, most), expected);
        }
    }
}
