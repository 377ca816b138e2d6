//! Reed-Solomon remainders over GF(256), modulus x⁸+x⁴+x³+x²+1 (ISO/IEC 18004:2015, 7.5.2 and annex A).

#![expect(
    clippy::indexing_slicing,
    reason = "tables of 16, 255 and 256 entries indexed by nibbles and bytes"
)]

/// Room for the longest remainder, 30 codewords, in whole machine words.
pub(super) const LONGEST: usize = 32;

const MODULUS: u16 = 0b1_0001_1101;

/// The generator polynomial of one degree, as what it contributes for each nibble of the factor: multiplication is
/// linear, so a byte's product is the sum of its two nibbles'.
pub(super) struct Divisor {
    low: [[u8; LONGEST]; 16],
    high: [[u8; LONGEST]; 16],
}

impl Divisor {
    /// The product of (x − 2ⁱ) for i below `degree`, which is at most [`LONGEST`].
    pub(super) fn of_degree(degree: usize) -> Self {
        let generator = generator(degree);
        let mut divisor = Self { low: [[0; LONGEST]; 16], high: [[0; LONGEST]; 16] };
        for (nibble, (low, high)) in (0..16).zip(divisor.low.iter_mut().zip(&mut divisor.high)) {
            for ((low, high), &coefficient) in low.iter_mut().zip(high).zip(&generator) {
                *low = product(coefficient, nibble);
                *high = product(coefficient, nibble << 4);
            }
        }
        divisor
    }

    /// What dividing `block` leaves, highest power first; entries beyond the degree are zero.
    pub(super) fn remainder(&self, block: &[u8]) -> [u8; LONGEST] {
        let mut rest = [0; LONGEST];
        for &byte in block {
            let factor = usize::from(byte ^ rest[0]);
            rest.copy_within(1.., 0);
            rest[LONGEST - 1] = 0;
            let (low, high) = (&self.low[factor & 15], &self.high[factor >> 4]);
            for ((rest, low), high) in rest.iter_mut().zip(low).zip(high) {
                *rest ^= low ^ high;
            }
        }
        rest
    }
}

/// Coefficients below the leading 1, highest power first.
fn generator(degree: usize) -> [u8; LONGEST] {
    let mut coefficients = [0; LONGEST];
    coefficients[degree - 1] = 1;
    let mut root = 1;
    for _ in 0..degree {
        for at in 0..degree {
            let lower = if at + 1 < degree { coefficients[at + 1] } else { 0 };
            coefficients[at] = product(coefficients[at], root) ^ lower;
        }
        root = product(root, 2);
    }
    coefficients
}

fn product(left: u8, right: u8) -> u8 {
    if left == 0 || right == 0 {
        return 0;
    }
    let power =
        usize::from(FIELD.logarithm[usize::from(left)]) + usize::from(FIELD.logarithm[usize::from(right)]);
    FIELD.power[power % 255]
}

/// Powers of 2, and for each of them its exponent.
struct Field {
    power: [u8; 255],
    logarithm: [u8; 256],
}

static FIELD: Field = field();

#[expect(clippy::as_conversions, reason = "runs when compiling; every value is below 256")]
const fn field() -> Field {
    let mut field = Field { power: [0; 255], logarithm: [0; 256] };
    let mut value: u16 = 1;
    let mut exponent = 0;
    while exponent < 255 {
        field.power[exponent] = value as u8;
        field.logarithm[value as usize] = exponent as u8;
        value <<= 1;
        if value & 0x100 != 0 {
            value ^= MODULUS;
        }
        exponent += 1;
    }
    field
}
