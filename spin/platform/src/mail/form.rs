//! A message as a form (RFC 7578): to whom it goes, and the message as a file.

/// The content type and the body.
pub fn message(to: &str, composed: &[u8]) -> (String, Vec<u8>) {
    let boundary = boundary(composed);
    let mut body = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"to\"\r\n\r\n{to}\r\n\
         --{boundary}\r\nContent-Disposition: form-data; name=\"message\"; filename=\"message.mime\"\r\n\
         Content-Type: message/rfc822\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(composed);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={boundary}"), body)
}

/// A text that the message does not have.
fn boundary(composed: &[u8]) -> String {
    let is_free = |candidate: &String| !composed.windows(candidate.len()).any(|part| part == candidate.as_bytes());
    (0_u64..).map(|number| format!("mindflow-form-{number}")).find(is_free).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_a_file_in_the_form_with_its_recipient() {
        let (content_type, body) = message("ada@example.org", b"Subject: x\r\n\r\nHello");
        assert_eq!(content_type, "multipart/form-data; boundary=mindflow-form-0");
        assert_eq!(
            String::from_utf8(body).unwrap(),
            "--mindflow-form-0\r\nContent-Disposition: form-data; name=\"to\"\r\n\r\nada@example.org\r\n\
             --mindflow-form-0\r\nContent-Disposition: form-data; name=\"message\"; filename=\"message.mime\"\r\n\
             Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nHello\r\n--mindflow-form-0--\r\n"
        );
    }

    #[test]
    fn a_message_cannot_end_its_form() {
        let (content_type, _) = message("a@b", b"--mindflow-form-0--");
        assert!(content_type.ends_with("mindflow-form-1"));
    }
}
