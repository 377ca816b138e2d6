//! Text as an identifier and as each of the codes in it: what is read is written the same way again.

use elicense::licence::{
    AreaCode, CitizenNumber, CreditCode, Identifier, Serial, TypeCode, Version, check_text, read_foreign,
};
use elicense::time::{Date, UnixTime};

/// One input.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(read) = text.parse::<Identifier>() {
        let made = Identifier::new(read.type_code(), read.issuer(), read.serial().clone(), read.version());
        assert_eq!((read.as_str(), &made), (text, &read));
        assert!(read.next_version().is_none_or(|next| next.version() > read.version()));
    }
    let _ = read_foreign(text);
    assert_same(text, text.parse::<CreditCode>().map(|read| read.as_str().to_owned()));
    assert_same(text, text.parse::<TypeCode>().map(|read| read.as_str().to_owned()));
    assert_same(text, text.parse::<CitizenNumber>().map(|read| read.as_str().to_owned()));
    assert_same(text, text.parse::<Serial>().map(|read| read.as_str().to_owned()));
    assert_same(text, text.parse::<Version>().map(|read| read.to_string()));
    assert_same(text, text.parse::<AreaCode>().map(|read| read.to_string()));
    assert_same(text, text.parse::<Date>().map(|read| read.to_string()));
    if let Ok(time) = text.parse::<UnixTime>() {
        assert_eq!(time.to_string().parse::<UnixTime>(), Ok(time));
    }
    if check_text(text, 200).is_ok() {
        assert!(!text.chars().any(char::is_control) && text.trim() == text);
    }
}

fn assert_same<E>(text: &str, read: Result<String, E>) {
    if let Ok(read) = read {
        assert_eq!(read, text, "read as another text than it is");
    }
}
