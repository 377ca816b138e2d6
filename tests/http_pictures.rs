//! Pictures over HTTP, to the API and on the page: every way in which one gives no credential has its own answer.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failure here is a test's failure"
)]

mod support;

use std::io::{Cursor, Write};

use axum::body::Body;
use elicense::config::HttpLimits;
use elicense::http::{Listener, build};
use image::{DynamicImage, GrayImage, ImageFormat, Luma, imageops};
use qrcode::bits::Bits;
use qrcode::{EcLevel, QrCode, Version};
use support::city::{Answer, City, SAMPLE, answer, get, keyed, post};
use tokio::sync::mpsc;

const BOUNDARY: &str = "a-boundary-of-parts";

/// A picture of the QR code of a licence that this city issued, as it draws it.
async fn licence_picture(city: &City, key: &str, sample: &str) -> Vec<u8> {
    let issued = city.issue(key, sample).await.expect(201).json();
    let path = format!("/v1/licences/{}/qr.png", issued["identifier"].as_str().unwrap());
    city.send(keyed(get(&path), &city.issuer)).await.expect(200).body
}

fn file(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    picture.into().write_to(&mut file, format).unwrap();
    file.into_inner()
}

/// Two PNG pictures beside each other.
fn beside(left: &[u8], right: &[u8]) -> Vec<u8> {
    let [left, right] = [left, right].map(|png| image::load_from_memory(png).unwrap().into_luma8());
    let size = (left.width() + right.width(), left.height().max(right.height()));
    let mut both = GrayImage::from_pixel(size.0, size.1, Luma([255]));
    imageops::replace(&mut both, &left, 0, 0);
    imageops::replace(&mut both, &right, i64::from(left.width()), 0);
    file(both, ImageFormat::Png)
}

/// A symbol of whatever bits.
fn symbol(fill: impl FnOnce(&mut Bits)) -> Vec<u8> {
    let mut bits = Bits::new(Version::Normal(3));
    fill(&mut bits);
    bits.push_terminator(EcLevel::M).unwrap();
    let code = QrCode::with_bits(bits, EcLevel::M).unwrap();
    file(code.render::<Luma<u8>>().module_dimensions(8, 8).build(), ImageFormat::Png)
}

/// A PNG file that says it has this size, in RGBA of 16 bits a colour, and holds next to nothing.
fn declaring(width: u32, height: u32) -> Vec<u8> {
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    zlib.write_all(&[0; 100]).unwrap();
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[16, 6, 0, 0, 0]].concat();
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, data) in [(b"IHDR", header), (b"IDAT", zlib.finish().unwrap()), (b"IEND", Vec::new())] {
        let mut sum = flate2::Crc::new();
        sum.update(kind);
        sum.update(&data);
        png.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
        png.extend(kind);
        png.extend(data);
        png.extend(sum.sum().to_be_bytes());
    }
    png
}

/// The verify page's answer to a picture that its form sends.
async fn on_the_page(city: &City, lang: &str, name: &str, picture: &[u8]) -> Answer {
    let mut body = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"picture\"; filename=\"{name}\"\r\n\
         Content-Type: image/png\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(picture);
    body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    city.send(post(&format!("/?lang={lang}"), &format!("multipart/form-data; boundary={BOUNDARY}"), body))
        .await
}

#[tokio::test]
async fn the_citys_own_picture_is_read_by_the_call_and_on_the_page() {
    let city = City::new();
    let png = licence_picture(&city, "1", SAMPLE).await;
    let jpeg = file(image::load_from_memory(&png).unwrap().into_luma8(), ImageFormat::Jpeg);
    for (media, picture) in [("image/png", &png), ("image/jpeg", &jpeg), ("image/jpeg", &png)] {
        let verdict = city.verify(media, picture.clone()).await.expect(200).json();
        assert_eq!((&verdict["status"], &verdict["form"]), (&"valid".into(), &"qr".into()));
        let page = on_the_page(&city, "en", "qr.png", picture).await.expect(200);
        let page = String::from_utf8(page.body).unwrap();
        assert!(page.contains("data-verdict=\"valid\""), "{page}");
    }
}

#[tokio::test]
async fn every_way_to_have_no_credential_in_a_picture_has_its_code() {
    let city = City::new();
    let png = licence_picture(&city, "1", SAMPLE).await;
    let other = licence_picture(&city, "2", &SAMPLE.replace("\"number\": \"", "\"number\": \"2")).await;
    let part = symbol(|bits| {
        // Structured append: the first of two.
        bits.push_mode_indicator(qrcode::bits::ExtendedMode::StructuredAppend).unwrap();
        bits.push_byte_data(b"x").unwrap();
    });
    let not_text = symbol(|bits| bits.push_byte_data(b"\xff\xfe\x00").unwrap());
    let blank = file(GrayImage::from_pixel(300, 300, Luma([255])), ImageFormat::Png);
    for (picture, status, code, zh) in [
        (b"words".to_vec(), 422, "picture_format_unknown", "不是 PNG 或 JPEG"),
        (
            b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(),
            422,
            "picture_format_unknown",
            "不是 PNG 或 JPEG",
        ),
        (png[..png.len() / 2].to_vec(), 422, "picture_damaged", "已损坏"),
        (blank, 422, "picture_without_code", "没有找到"),
        (beside(&png, &other), 422, "picture_with_several_codes", "多个不同的二维码"),
        (not_text, 422, "picture_code_not_text", "不是证照二维码"),
        (part, 422, "picture_code_part_of_series", "不是证照二维码"),
        (declaring(20_000, 20_000), 413, "picture_too_many_pixels", "过大"),
        (declaring(6_000, 6_000), 413, "picture_too_many_decoded_bytes", "过大"),
    ] {
        let answer = city.verify("image/png", picture.clone()).await;
        answer.expect_problem(status, code);
        for (lang, words) in [("zh", zh), ("en", "This could not be checked")] {
            let page = on_the_page(&city, lang, "\"><b id=injected>", &picture).await;
            assert_eq!(page.status, status, "{code}");
            let page = String::from_utf8(page.body).unwrap();
            assert!(page.contains("role=\"alert\"") && page.contains(words), "{code}: {page}");
            assert!(!page.contains("injected") && !page.contains("data-verdict"), "{page}");
        }
    }
}

#[tokio::test]
async fn a_picture_of_too_many_bytes_is_refused_before_it_is_looked_at() {
    let mut city = City::new();
    city.state = city.limited(HttpLimits { picture_body: 1_000, ..HttpLimits::default() });
    let router = || build(city.state.clone(), Listener::Tcp);
    let picture = vec![b'x'; 1_001];
    answer(router(), post("/v1/verifications", "image/png", picture.clone()))
        .await
        .expect_problem(413, "too_large");
    let page = on_the_page(&city, "zh", "qr.png", &picture).await.expect(413);
    assert!(String::from_utf8(page.body).unwrap().contains("过大"));
    // What can be refused by its length is not read; what hides its length is cut off.
    let endless = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b'x'; 600]));
    let endless = Body::from_stream(endless);
    answer(router(), post("/v1/verifications", "image/png", endless)).await.expect_problem(413, "too_large");
}

/// No parts, parts of other names, a part without an end: said in words, with the form to try again.
#[tokio::test]
async fn forms_that_bring_nothing_are_told_so() {
    let city = City::new();
    let multipart = format!("multipart/form-data; boundary={BOUNDARY}");
    let part = |name: &str, content: &str| {
        format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n")
    };
    let end = format!("--{BOUNDARY}--\r\n");
    let url_encoded = "application/x-www-form-urlencoded";
    for (media, body, status) in [
        (multipart.as_str(), end.clone(), 422),
        (&multipart, part("picture", "") + &end, 422),
        (&multipart, part("other", "x") + &end, 422),
        (&multipart, part("picture", "x"), 400),
        (&multipart, "no parts at all".to_owned(), 400),
        ("multipart/form-data", end.clone(), 400),
        (url_encoded, String::new(), 422),
        (url_encoded, "credential=".to_owned(), 422),
        (url_encoded, "other=x".to_owned(), 422),
        ("text/plain", "x".to_owned(), 415),
        ("application/json", "{}".to_owned(), 415),
    ] {
        let page = city.send(post("/?lang=en", media, body.clone())).await;
        assert_eq!(page.status, status, "{media}: {body}");
        assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
        let page = String::from_utf8(page.body).unwrap();
        assert!(page.contains("role=\"alert\"") && page.contains("id=\"credential\""), "{page}");
    }
}

/// A picture of which half has come and the rest never does: sent by hand, so that its sender can wait.
fn stalled(bytes: usize) -> (mpsc::Sender<Vec<u8>>, Body) {
    let (sender, receiver) = mpsc::channel(1);
    sender.try_send(vec![b'x'; bytes]).unwrap();
    let pieces = futures_util::stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|piece| (Ok::<_, std::io::Error>(piece), receiver))
    });
    (sender, Body::from_stream(pieces))
}

#[tokio::test]
async fn pictures_wait_for_room_and_text_does_not() {
    let mut city = City::new();
    city.state = city.limited(HttpLimits { picture_memory: 3_000, ..HttpLimits::default() });
    let router = build(city.state.clone(), Listener::Tcp);
    let (sender, body) = stalled(2_000);
    let held = tokio::spawn(answer(router, post("/v1/verifications", "image/png", body)));
    // The half that is there is taken once there is room for another piece in the channel.
    let rest = sender.reserve().await.unwrap();
    tokio::task::yield_now().await;
    for _ in 0..3 {
        let busy = city.verify("image/png", vec![b'x'; 1_001]).await;
        busy.expect_problem(503, "pictures_busy");
        assert_eq!(busy.headers["retry-after"], "2");
    }
    city.verify("image/png", vec![b'x'; 999]).await.expect_problem(422, "picture_format_unknown");
    city.verify("text/plain", "x").await.expect(200);
    rest.send(Vec::new());
    drop(sender);
    held.await.unwrap().expect_problem(422, "picture_format_unknown");
    city.verify("image/png", vec![b'x'; 3_000]).await.expect_problem(422, "picture_format_unknown");
}

#[tokio::test]
async fn no_more_pictures_wait_than_may() {
    let mut city = City::new();
    city.state = city.limited(HttpLimits { picture_workers: 0, picture_queue: 1, ..HttpLimits::default() });
    let router = build(city.state.clone(), Listener::Tcp);
    let waiting = tokio::spawn(answer(router, post("/v1/verifications", "image/png", "x")));
    tokio::task::yield_now().await;
    city.verify("image/png", "x").await.expect_problem(503, "pictures_busy");
    city.verify("text/plain", "x").await.expect(200);
    waiting.abort();
}

/// Those who send slowly hold what they sent, not what they promised: a good picture gets through between them.
#[tokio::test]
async fn a_hundred_slow_senders_keep_no_picture_out() {
    let mut city = City::new();
    let png = licence_picture(&city, "1", SAMPLE).await;
    city.state = city.limited(HttpLimits { picture_memory: png.len() + 1_000, ..HttpLimits::default() });
    let mut senders = Vec::new();
    for _ in 0..100 {
        let (sender, body) = stalled(1);
        let router = build(city.state.clone(), Listener::Tcp);
        senders.push((sender, tokio::spawn(answer(router, post("/v1/verifications", "image/png", body)))));
    }
    for (sender, _) in &senders {
        drop(sender.reserve().await.unwrap());
    }
    assert_eq!(city.verify("image/png", png).await.expect(200).json()["status"], "valid");
}
