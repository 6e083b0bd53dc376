//! Between `wasi:http` and the types of this library. A client that goes away ends a body; it never ends us.

use super::{Body, Response};
use futures::StreamExt;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, request::Parts};
use wasip3::http::types::{
    ErrorCode, Fields, Method as WasiMethod, Request as WasiRequest, Response as WasiResponse, Trailers,
};
use wasip3::wit_bindgen::{FutureReader, FutureWriter, StreamReader, StreamResult};
use wasip3::{wit_future, wit_stream};

/// Four pages of the host's network buffers; a usual body comes in one read.
const READ_BYTES: usize = 16 * 1024;

/// # Errors
/// A head that is no HTTP; the host answers it.
pub fn head(request: &WasiRequest) -> Result<Parts, ErrorCode> {
    let mut parts = http::Request::new(()).into_parts().0;
    parts.method = method(request.get_method())?;
    parts.uri = request
        .get_path_with_query()
        .unwrap_or_else(|| "/".to_owned())
        .parse::<Uri>()
        .map_err(|_| ErrorCode::HttpRequestUriInvalid)?;
    parts.headers = headers(request.get_headers().copy_all());
    // WASI has it apart from the fields, and hosts may leave the field out.
    if let Some(host) = request.get_authority().and_then(|authority| HeaderValue::from_str(&authority).ok()) {
        parts.headers.entry(http::header::HOST).or_insert(host);
    }
    Ok(parts)
}

/// A request's body as it comes.
pub struct Incoming {
    pieces: StreamReader<u8>,
    /// Reading on would be a trap.
    over: bool,
    ended: FutureReader<Result<Option<Trailers>, ErrorCode>>,
    handled: FutureWriter<Result<(), ErrorCode>>,
}

fn method(method: WasiMethod) -> Result<Method, ErrorCode> {
    let name = match &method {
        WasiMethod::Get => "GET",
        WasiMethod::Head => "HEAD",
        WasiMethod::Post => "POST",
        WasiMethod::Put => "PUT",
        WasiMethod::Delete => "DELETE",
        WasiMethod::Connect => "CONNECT",
        WasiMethod::Options => "OPTIONS",
        WasiMethod::Trace => "TRACE",
        WasiMethod::Patch => "PATCH",
        WasiMethod::Other(name) => name,
    };
    Method::from_bytes(name.as_bytes()).map_err(|_| ErrorCode::HttpRequestMethodInvalid)
}

fn headers(pairs: Vec<(String, Vec<u8>)>) -> HeaderMap {
    pairs
        .into_iter()
        .filter_map(|(name, value)| Some((name.parse::<HeaderName>().ok()?, HeaderValue::from_bytes(&value).ok()?)))
        .collect()
}

// === impl Incoming ===

impl Incoming {
    pub fn new(request: WasiRequest) -> Self {
        let (handled, handled_reader) = wit_future::new(|| Ok(()));
        let (pieces, ended) = WasiRequest::consume_body(request, handled_reader);
        Self { pieces, over: false, ended, handled }
    }

    /// The next piece, none at the end; [`end`](Self::end) says which end it was.
    pub async fn next(&mut self) -> Option<Vec<u8>> {
        while !self.over {
            let (result, piece) = self.pieces.read(Vec::with_capacity(READ_BYTES)).await;
            self.over = !matches!(result, StreamResult::Complete(_));
            if !piece.is_empty() {
                return Some(piece);
            }
        }
        None
    }

    /// # Errors
    /// The body broke off, or was longer than the host takes.
    pub async fn end(self) -> Result<(), ErrorCode> {
        let Self { pieces, ended, handled, .. } = self;
        drop(pieces);
        let ended = ended.await;
        drop(handled);
        ended.map(drop)
    }
}

/// # Errors
/// Headers or a status that the host does not take.
pub fn send(response: Response) -> Result<WasiResponse, ErrorCode> {
    let Response { status, mut headers, body } = response;
    if let Body::Bytes(bytes) = &body {
        headers.insert(http::header::CONTENT_LENGTH, bytes.len().into());
    }
    let fields: Vec<_> =
        headers.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect();
    let fields = Fields::from_list(&fields).map_err(|error| ErrorCode::InternalError(Some(error.to_string())))?;
    let (trailers, trailers_reader) = wit_future::new(|| Ok(None));
    let contents = match body {
        Body::Empty => None,
        Body::Bytes(bytes) => {
            let (mut writer, reader) = wit_stream::new();
            wit_bindgen::spawn_local(async move {
                // What is left over was meant for a client that has gone.
                let _unread = writer.write_all(bytes).await;
                drop(writer);
                drop(trailers);
            });
            return finish(status, fields, Some(reader), trailers_reader);
        }
        Body::Stream(mut pieces) => {
            let (mut writer, reader) = wit_stream::new();
            wit_bindgen::spawn_local(async move {
                while let Some(piece) = pieces.next().await {
                    if !writer.write_all(piece).await.is_empty() {
                        break;
                    }
                }
                drop(writer);
                drop(trailers);
            });
            return finish(status, fields, Some(reader), trailers_reader);
        }
    };
    finish(status, fields, contents, trailers_reader)
}

fn finish(
    status: StatusCode,
    fields: Fields,
    contents: Option<wasip3::wit_bindgen::StreamReader<u8>>,
    trailers: wasip3::wit_bindgen::FutureReader<Result<Option<Fields>, ErrorCode>>,
) -> Result<WasiResponse, ErrorCode> {
    let (response, _sent) = WasiResponse::new(fields, contents, trailers);
    response.set_status_code(status.as_u16()).map_err(|()| ErrorCode::InternalError(Some("status".to_owned())))?;
    Ok(response)
}
