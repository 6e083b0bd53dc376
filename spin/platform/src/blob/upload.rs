//! A file on its way in.

use async_lock::Mutex;
use bytes::Bytes;
use http::Method;
use mindflow_platform::blob::{S3_PART_BYTES, upload_is_over};

use super::answer::{begun, completed, etag};
use super::asked;
use super::container::Container;
use crate::bindings::exports::mindflow::platform::blob::{Error, GuestUpload};
use crate::clock;

/// Takes a file's contents in pieces.
pub struct Writing {
    target: Target,
    state: Mutex<State>,
}

#[derive(Clone)]
struct Target {
    container: Container,
    key: String,
}

struct State {
    filling: Filling,
    /// Once a part is full.
    parts: Option<Parts>,
    over: bool,
}

/// The part that is being filled.
#[derive(Debug, Default)]
struct Filling {
    part: Vec<u8>,
    bytes: u64,
    bytes_max: u64,
}

/// What the store has.
struct Parts {
    upload: String,
    etags: Vec<String>,
}

// === impl Writing ===

impl Writing {
    pub fn new(container: Container, key: String, bytes_max: u64) -> Self {
        let filling = Filling { bytes_max, ..Filling::default() };
        let state = State { filling, parts: None, over: false };
        Self { target: Target { container, key }, state: Mutex::new(state) }
    }
}

impl GuestUpload for Writing {
    async fn write(&self, bytes: Vec<u8>) -> Result<(), Error> {
        let mut state = self.state.lock().await;
        if state.over {
            return Err(upload_is_over().into());
        }
        let written = state.write(&self.target, &bytes).await;
        if written.is_err() {
            state.give_up(&self.target).await;
        }
        written
    }

    async fn finish(&self) -> Result<u64, Error> {
        let mut state = self.state.lock().await;
        if state.over {
            return Err(upload_is_over().into());
        }
        let finished = state.finish(&self.target).await;
        match &finished {
            Ok(_) => (state.over, state.parts) = (true, None),
            Err(_) => state.give_up(&self.target).await,
        }
        finished.map(|()| state.filling.bytes)
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        if let Some(parts) = self.state.get_mut().parts.take() {
            let target = self.target.clone();
            // Carried out with the instance's next call: a resource is dropped outside of one that could wait.
            wit_bindgen::spawn_local(async move { target.abort(&parts.upload).await });
        }
    }
}

// === impl State ===

impl State {
    async fn write(&mut self, target: &Target, bytes: &[u8]) -> Result<(), Error> {
        self.filling.take(bytes)?;
        while let Some(part) = self.filling.full_part() {
            self.put_part(target, part).await?;
        }
        Ok(())
    }

    async fn finish(&mut self, target: &Target) -> Result<(), Error> {
        let last = std::mem::take(&mut self.filling.part);
        if self.parts.is_none() {
            let url = target.container.put(&target.key, clock::now_us());
            asked(Method::PUT, &url, Bytes::from(last)).await?;
            return Ok(());
        }
        if !last.is_empty() {
            self.put_part(target, last).await?;
        }
        let Some(Parts { upload, etags }) = &self.parts else { return Err(upload_is_over().into()) };
        let (url, body) = target.container.complete_parts(&target.key, upload, etags, clock::now_us());
        completed(&asked(Method::POST, &url, Bytes::from(body)).await?.body)
    }

    async fn put_part(&mut self, target: &Target, part: Vec<u8>) -> Result<(), Error> {
        if self.parts.is_none() {
            let url = target.container.begin_parts(&target.key, clock::now_us());
            let upload = begun(&asked(Method::POST, &url, Bytes::new()).await?.body)?;
            self.parts = Some(Parts { upload, etags: Vec::new() });
        }
        let Some(Parts { upload, etags }) = &mut self.parts else { return Err(upload_is_over().into()) };
        let number = u16::try_from(etags.len() + 1).map_err(|_| Error::TooLarge(self.filling.bytes_max))?;
        let url = target.container.put_part(&target.key, upload, number, clock::now_us());
        etags.push(etag(&asked(Method::PUT, &url, Bytes::from(part)).await?.headers)?);
        Ok(())
    }

    async fn give_up(&mut self, target: &Target) {
        self.over = true;
        self.filling.part = Vec::new();
        if let Some(parts) = self.parts.take() {
            target.abort(&parts.upload).await;
        }
    }
}

// === impl Target ===

impl Target {
    async fn abort(&self, upload: &str) {
        let url = self.container.abort_parts(&self.key, upload, clock::now_us());
        if let Err(error) = asked(Method::DELETE, &url, Bytes::new()).await {
            eprintln!("WARN an upload that was given up may have left parts behind: {error:?}");
        }
    }
}

// === impl Filling ===

impl Filling {
    fn take(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        if self.bytes > self.bytes_max {
            return Err(Error::TooLarge(self.bytes_max));
        }
        self.part.extend_from_slice(bytes);
        Ok(())
    }

    /// The next part, if there is enough for it. What is left is shorter than a part once there is none.
    fn full_part(&mut self) -> Option<Vec<u8>> {
        if self.part.len() < S3_PART_BYTES {
            return None;
        }
        let rest = self.part.split_off(S3_PART_BYTES);
        Some(std::mem::replace(&mut self.part, rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_cut_into_parts_of_which_only_the_last_is_short() {
        let mut filling = Filling { bytes_max: u64::MAX, ..Filling::default() };
        filling.take(&vec![1; S3_PART_BYTES - 1]).unwrap();
        assert!(filling.full_part().is_none());
        filling.take(&vec![2; S3_PART_BYTES + 3]).unwrap();
        for _ in 0..2 {
            assert_eq!(filling.full_part().unwrap().len(), S3_PART_BYTES);
        }
        assert!(filling.full_part().is_none());
        assert_eq!(filling.part, [2, 2]);
        assert_eq!(filling.bytes, 2 * S3_PART_BYTES as u64 + 2);
    }

    #[test]
    fn a_file_has_no_more_bytes_than_its_upload_may_have() {
        let mut filling = Filling { bytes_max: 3, ..Filling::default() };
        filling.take(b"abc").unwrap();
        assert_eq!(filling.take(b"d"), Err(Error::TooLarge(3)));
    }
}
