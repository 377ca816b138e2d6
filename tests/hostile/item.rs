//! CBOR as a tree that can be changed where no honest writer would: any key order, duplicate keys, raw bytes.

/// One item. [`Item::encode`] writes a map in the order it has here, and [`Item::Raw`] as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    Int(i64),
    Bytes(Vec<u8>),
    Text(String),
    Array(Vec<Self>),
    Map(Vec<(Self, Self)>),
    Tag(u64, Box<Self>),
    /// Bytes that stand for an item, or for none.
    Raw(Vec<u8>),
}

impl From<i64> for Item {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<&str> for Item {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

/// A head of the major type with the shortest length.
pub(crate) fn head(major: u8, value: u64) -> Vec<u8> {
    let major = major << 5;
    match value {
        0..24 => vec![major | u8::try_from(value).unwrap()],
        24..0x100 => vec![major | 24, u8::try_from(value).unwrap()],
        0x100..0x1_0000 => [&[major | 25][..], &u16::try_from(value).unwrap().to_be_bytes()].concat(),
        0x1_0000..0x1_0000_0000 => [&[major | 26][..], &u32::try_from(value).unwrap().to_be_bytes()].concat(),
        _ => [&[major | 27][..], &value.to_be_bytes()].concat(),
    }
}

/// A head with a longer length than it needs: 1, 2, 4 or 8 bytes.
pub(crate) fn long_head(major: u8, value: u64, width: usize) -> Vec<u8> {
    let info = match width {
        1 => 24,
        2 => 25,
        4 => 26,
        _ => 27,
    };
    [&[major << 5 | info][..], &value.to_be_bytes()[8 - width..]].concat()
}

fn length(of: usize) -> u64 {
    u64::try_from(of).unwrap()
}

impl Item {
    pub(crate) fn bytes(value: impl Into<Vec<u8>>) -> Self {
        Self::Bytes(value.into())
    }

    pub(crate) fn raw(value: impl Into<Vec<u8>>) -> Self {
        Self::Raw(value.into())
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        match self {
            Self::Int(value) if *value >= 0 => head(0, value.unsigned_abs()),
            Self::Int(value) => head(1, value.unsigned_abs() - 1),
            Self::Bytes(bytes) => [head(2, length(bytes.len())), bytes.clone()].concat(),
            Self::Text(text) => [head(3, length(text.len())), text.clone().into_bytes()].concat(),
            Self::Array(items) => {
                let items: Vec<u8> = items.iter().flat_map(Self::encode).collect();
                [head(4, length(self.count())), items].concat()
            }
            Self::Map(pairs) => {
                let pairs: Vec<u8> =
                    pairs.iter().flat_map(|(key, value)| [key.encode(), value.encode()].concat()).collect();
                [head(5, length(self.count())), pairs].concat()
            }
            Self::Tag(tag, item) => [head(6, *tag), item.encode()].concat(),
            Self::Raw(bytes) => bytes.clone(),
        }
    }

    fn count(&self) -> usize {
        match self {
            Self::Array(items) => items.len(),
            Self::Map(pairs) => pairs.len(),
            _ => panic!("{self:?} has no elements"),
        }
    }

    /// Reads what the library wrote.
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let (item, rest) = Self::parse_one(bytes);
        assert!(rest.is_empty(), "{} bytes behind the item", rest.len());
        item
    }

    fn parse_one(bytes: &[u8]) -> (Self, &[u8]) {
        let (value, mut rest) = match bytes[0] & 0x1f {
            short @ 0..24 => (u64::from(short), &bytes[1..]),
            wide => {
                let width = 1 << (wide - 24);
                let value = bytes[1..=width].iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
                (value, &bytes[1 + width..])
            }
        };
        let count = usize::try_from(value).unwrap();
        let next = |rest: &mut &'_ [u8]| {
            let (item, after) = Self::parse_one(&bytes[bytes.len() - rest.len()..]);
            *rest = &rest[rest.len() - after.len()..];
            item
        };
        let item = match bytes[0] >> 5 {
            0 => Self::Int(i64::try_from(value).unwrap()),
            1 => Self::Int(-1 - i64::try_from(value).unwrap()),
            2 => {
                let (taken, after) = rest.split_at(count);
                rest = after;
                Self::bytes(taken)
            }
            3 => {
                let (taken, after) = rest.split_at(count);
                rest = after;
                Self::Text(String::from_utf8(taken.to_vec()).unwrap())
            }
            4 => Self::Array((0..count).map(|_| next(&mut rest)).collect()),
            5 => Self::Map((0..count).map(|_| (next(&mut rest), next(&mut rest))).collect()),
            6 => Self::Tag(value, Box::new(next(&mut rest))),
            major => panic!("major type {major} is not ours"),
        };
        (item, rest)
    }

    pub(crate) fn pairs(&mut self) -> &mut Vec<(Self, Self)> {
        match self {
            Self::Map(pairs) => pairs,
            other => panic!("{other:?} is no map"),
        }
    }

    pub(crate) fn items(&mut self) -> &mut Vec<Self> {
        match self {
            Self::Array(items) => items,
            other => panic!("{other:?} is no array"),
        }
    }

    /// The value of a key that is there.
    pub(crate) fn at(&mut self, key: impl Into<Self>) -> &mut Self {
        let key = key.into();
        let found = self.pairs().iter_mut().find(|(own, _)| *own == key);
        &mut found.unwrap_or_else(|| panic!("no key {key:?}")).1
    }

    /// Sets a key, in the place that deterministic order gives it.
    pub(crate) fn set(&mut self, key: impl Into<Self>, value: impl Into<Self>) {
        let key = key.into();
        self.remove(key.clone());
        let before = |own: &Self| own.encode() < key.encode();
        let place = self.pairs().iter().take_while(|(own, _)| before(own)).count();
        self.pairs().insert(place, (key, value.into()));
    }

    pub(crate) fn remove(&mut self, key: impl Into<Self>) {
        let key = key.into();
        self.pairs().retain(|(own, _)| *own != key);
    }

    /// Puts a second pair with the same key behind the first.
    pub(crate) fn double(&mut self, key: impl Into<Self>, value: impl Into<Self>) {
        let key = key.into();
        let place = self.pairs().iter().position(|(own, _)| *own == key).unwrap();
        self.pairs().insert(place + 1, (key, value.into()));
    }
}

#[test]
fn what_the_library_wrote_comes_back() {
    for name in ["es256-qr.cose", "eddsa-full.elic", "trust-list.cose"] {
        let bytes = crate::city::golden(name);
        assert_eq!(Item::parse(&bytes).encode(), bytes, "{name}");
    }
}
