//! Undoes what .ci/streams/pack.mjs does to a module for pages: text to streams, streams to the module. It runs once, before
//! there is anything else, and it is carried by every page: so it is small, and has no allocator and no messages.
#![no_std]

use core::arch::wasm32::unreachable;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    unreachable()
}

/// Where the output starts, and all of the memory that it may use: what lies beyond is a trap.
struct Memory<'a>(&'a mut [u8], usize);

impl Memory<'_> {
    fn get(&self, at: usize) -> u8 {
        match self.0.get(at) {
            Some(byte) => *byte,
            None => unreachable(),
        }
    }

    fn set(&mut self, at: usize, byte: u8) {
        match self.0.get_mut(at) {
            Some(place) => *place = byte,
            None => unreachable(),
        }
    }

    fn next(&self, from: &mut usize) -> u8 {
        *from += 1;
        self.get(*from - 1)
    }

    fn push(&mut self, byte: u8) {
        self.set(self.1, byte);
        self.1 += 1;
    }

    #[inline(never)]
    fn copy(&mut self, from: &mut usize, count: usize) {
        for _ in 0..count {
            let byte = self.next(from);
            self.push(byte);
        }
    }

    /// Copies one LEB128 number.
    #[inline(never)]
    fn leb(&mut self, from: &mut usize) {
        while {
            let byte = self.next(from);
            self.push(byte);
            byte > 127
        } {}
    }

    /// Reads one LEB128 number.
    #[inline(never)]
    fn number(&self, from: &mut usize) -> usize {
        let (mut value, mut shift) = (0, 0);
        loop {
            let byte = self.next(from);
            value |= usize::from(byte & 127) << (shift & 31);
            shift += 7;
            if byte < 128 {
                return value;
            }
        }
    }

    fn push_number(&mut self, mut value: usize) {
        while value > 127 {
            self.push(value as u8 | 128);
            value >>= 7;
        }
        self.push(value as u8);
    }

    /// Puts the length of what was written since `start` in front of it.
    fn measure(&mut self, start: usize) {
        let end = self.1;
        self.push_number(end - start);
        let width = self.1 - end;
        let mut at = end;
        while at > start {
            at -= 1;
            let byte = self.get(at);
            self.set(at + width, byte);
        }
        self.1 = start;
        self.push_number(end - start);
        self.1 = end + width;
    }

    /// Text to bytes, in place. `order` names all bytes, the most frequent first.
    fn from_text(&mut self, order: usize, text: usize, end: usize) {
        let (mut from, mut to) = (text, text);
        while from < end {
            let mut rank = place(self.next(&mut from));
            if rank >= SINGLES {
                rank = SINGLES + (rank - SINGLES) * ALPHABET + place(self.next(&mut from));
            }
            let byte = self.get(order + rank);
            self.set(to, byte);
            to += 1;
        }
    }

    /// The functions of the code section (WebAssembly core specification §5.4): every kind of operand has a stream.
    fn function(&mut self, streams: &mut [usize; STREAMS]) {
        let [o, n, l, a, i, k, c, b, t, tables, g, j, d, v] = streams;
        let start = self.1;
        let groups = self.next(n);
        self.push(groups);
        for _ in 0..groups {
            self.leb(n);
            self.copy(n, 1);
        }
        let mut depth = 1_u32;
        while depth > 0 {
            let mut op = self.next(o);
            let aligned = op != ALIGNED_OTHERWISE;
            if !aligned {
                op = self.next(o);
            }
            if op == LONG_CONSTANT {
                self.push(65);
                self.leb(k);
                continue;
            }
            self.push(op);
            match op {
                2..=4 => {
                    depth += 1;
                    self.leb(t);
                }
                11 => depth -= 1,
                12 | 13 => self.leb(b),
                14 => {
                    let cases = self.number(&mut { *tables });
                    self.leb(tables);
                    for _ in 0..=cases {
                        self.leb(tables);
                    }
                }
                16 => self.leb(c),
                17 => {
                    self.leb(c);
                    self.leb(c);
                }
                32..=34 => self.leb(l),
                35..=38 | 208 | 210 => self.leb(g),
                40..=62 => {
                    if aligned {
                        let natural = ALIGNMENTS >> (2 * (op - 40)) & 3;
                        self.push(natural as u8);
                    } else {
                        self.copy(o, 1);
                    }
                    self.leb(a);
                }
                63 | 64 => self.push(0),
                65 => self.leb(i),
                66 => self.leb(j),
                67 => self.copy(d, 4),
                68 => self.copy(d, 8),
                252 => {
                    let op = self.next(o);
                    self.push(op);
                    match op {
                        8 => {
                            self.leb(g);
                            self.push(0);
                        }
                        10 => {
                            self.push(0);
                            self.push(0);
                        }
                        11 => self.push(0),
                        12 | 14 => {
                            self.leb(g);
                            self.leb(g);
                        }
                        9 | 13 | 15..=17 => self.leb(g),
                        _ => {}
                    }
                }
                253 => {
                    let op = self.number(&mut { *o });
                    self.leb(o);
                    match op {
                        0..=11 | 92 | 93 => {
                            self.copy(v, 1);
                            self.leb(v);
                        }
                        12 | 13 => self.copy(v, 16),
                        21..=34 => self.copy(v, 1),
                        84..=91 => {
                            self.copy(v, 1);
                            self.leb(v);
                            self.copy(v, 1);
                        }
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        self.measure(start);
    }
}

/// Opcodes that WebAssembly does not have: a load or store that says its alignment, and a constant of several bytes.
const ALIGNED_OTHERWISE: u8 = 6;
const LONG_CONSTANT: u8 = 7;
/// The natural alignment of opcodes 40 to 62, two bits each.
const ALIGNMENTS: u64 = alignments([2, 3, 2, 3, 0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 2, 3, 2, 3, 0, 1, 0, 1, 2]);
const STREAMS: usize = 14;
/// The alphabet of src/shell/entry/text.ts, and how many of its characters are a byte by themselves.
const ALPHABET: usize = 89;
const SINGLES: usize = 87;

const fn alignments(of: [u8; 23]) -> u64 {
    let (mut bits, mut at) = (0, 0);
    while at < of.len() {
        bits |= (of[at] as u64) << (2 * at);
        at += 1;
    }
    bits
}

/// The place of a character in the alphabet.
fn place(byte: u8) -> usize {
    let mut place = usize::from(byte) - 32;
    for left_out in *b"\"$'<\\`" {
        place -= usize::from(byte > left_out);
    }
    place
}

/// At `start` lie 256 bytes of order and `length` bytes of text, and after them there is room for the module, up to `size`
/// bytes from the start. The result is the length of the module, which lies right after the text.
#[unsafe(no_mangle)]
pub extern "C" fn unpack(start: *mut u8, length: usize, size: usize) -> usize {
    // SAFETY: the only code that calls this, src/shell/entry/packed.ts, has made the memory so large, and nothing else uses it.
    let memory = unsafe { core::slice::from_raw_parts_mut(start, size) };
    let output = 256 + length;
    let mut memory = Memory(memory, output);
    memory.from_text(0, 256, output);
    let mut at = 256;
    let count = memory.number(&mut at);
    let before = memory.number(&mut at);
    let after = memory.number(&mut at);
    let lengths: [usize; STREAMS] = core::array::from_fn(|_| memory.number(&mut at));
    let mut ends = at + before + after;
    let mut streams = lengths.map(|length| {
        ends += length;
        ends - length
    });
    memory.copy(&mut at, before);
    memory.push(10);
    let section = memory.1;
    memory.push_number(count);
    for _ in 0..count {
        memory.function(&mut streams);
    }
    memory.measure(section);
    memory.copy(&mut at, after);
    memory.1 - output
}
