//! The seeds of the target `pack`.

use elicense::codec::{Typ, decode_bytes, sign_envelope, zlib};
use elicense::crypto::Digest;
use elicense::licence::OfflinePolicy;
use elicense::pack::{
    Contents, Held, Manifest, PackFile, Part, PartKind, Selection, SignedPack, SurvivorSet,
};
use elicense::pki::Usage;

use super::city::{self, golden, key, signer, time, trust};
use super::seeds::{Seeds, named};

const LIST: &str = "https://licences.example/v1/status-lists/5b0c1f3a9e7d2468-0";

fn contents(trust_list: &[u8]) -> Contents<'_> {
    let mut entries = vec![0; 1 << 18];
    entries[10_240] = 0b10_01_00;
    let policy = serde_json::to_string(&OfflinePolicy::default()).unwrap();
    Contents {
        issued_at: time(city::JUDGED),
        version: 1_207,
        public_url: city::PUBLIC_URL,
        trust_list: (trust_list, time(city::SIGNED)),
        status_lists: vec![(LIST.to_owned(), entries)],
        licence_types: format!("{{\"types\":[{{\"code\":\"11100000000013338W032\",\"offline\":{policy}}}]}}")
            .into_bytes(),
        checkpoint: Some((city::ORIGIN.to_owned(), "a note".to_owned())),
        survivors: vec![SurvivorSet {
            signer: city::department(&trust(), city::ES256).key_id(),
            digests: vec![Digest::of(b"one"), Digest::of(b"two")],
        }],
        selection: None,
    }
}

/// A whole pack, an update, and each way of being nearly one.
pub(crate) fn packs() -> Seeds {
    let trust_list = golden("trust-list.cose");
    let by = signer(&trust(), Usage::Pack).key_id();
    let sign = |contents| SignedPack::sign(contents, None, by, &key("pack")).unwrap();
    let good = sign(contents(&trust_list));
    let whole = good.whole();
    let file = PackFile::decode(&whole).unwrap();
    let changed = |_: &str| Some(vec![40_961, 40_962]);
    let mut seeds = vec![
        named("golden", whole.clone()),
        named("manifest", file.manifest.payload()),
        named("update", good.update(&Held { digests: &[], changed: &changed })),
        named("byte-behind", [&whole[..], &[0]].concat()),
        named("cut", &whole[..whole.len() - 1]),
        named("cut-in-the-manifest", &whole[..100]),
        named("empty", ""),
        named("trust-list-in-its-place", trust_list.clone()),
        named("licence-in-its-place", golden("es256-qr.cose")),
    ];
    for (position, line) in Manifest::decode(file.manifest.payload()).unwrap().lines.iter().enumerate() {
        let with = |part: Part| {
            let mut file = file.clone();
            file.parts[position] = part;
            file.encode()
        };
        seeds.push(named(format!("{}-held", line.kind), with(Part::Held)));
        seeds.push(named(
            format!("{}-as-changes", line.kind),
            with(Part::Changes(vec![(1, 1), (1 << 20, 3)])),
        ));
        seeds.push(named(format!("{}-of-nothing", line.kind), with(Part::Whole(zlib::deflate(b"")))));
    }
    seeds.extend(of_manifests(&file));
    let mut chosen = contents(&trust_list);
    chosen.selection = Some(Selection {
        types: vec!["11100000000013338W032".parse().unwrap()],
        authorities: vec![city::ES256.parse().unwrap()],
    });
    seeds.push(named("selection", sign(chosen).whole()));
    let bomb = Part::Whole(zlib::deflate(&vec![0; 1 << 20]));
    let mut bombed = file.clone();
    bombed.parts[1] = bomb;
    seeds.push(named("bomb", bombed.encode()));
    let mut foreign = file;
    foreign.manifest = decode_bytes(&golden("es256-qr.cose")).unwrap();
    seeds.push(named("manifest-is-a-licence", foreign.encode()));
    seeds
}

/// The same parts behind manifests that are signed and say something else.
fn of_manifests(file: &PackFile) -> Seeds {
    let by = signer(&trust(), Usage::Pack).key_id();
    let good = Manifest::decode(file.manifest.payload()).unwrap();
    let with = |name: &str, change: &dyn Fn(&mut Manifest)| {
        let mut manifest = good.clone();
        change(&mut manifest);
        let manifest = sign_envelope(Typ::Pack, by, manifest.encode(), &key("pack")).unwrap();
        named(name, PackFile { manifest, parts: file.parts.clone() }.encode())
    };
    vec![
        with("lines-out-of-order", &|manifest| manifest.lines.swap(0, 1)),
        with("line-missing", &|manifest| drop(manifest.lines.pop())),
        with("other-url", &|manifest| "http://other".clone_into(&mut manifest.public_url)),
        with("other-size", &|manifest| manifest.lines[1].size = 1 << 40),
        with("other-digest", &|manifest| manifest.lines[1].digest = Digest::of(b"other")),
        with("two-trust-lists", &|manifest| manifest.lines[1].kind = PartKind::TrustList),
        with("long-before-its-signer", &|manifest| manifest.issued_at = time("1999-01-01T00:00:00+08:00")),
    ]
}
