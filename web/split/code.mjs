// Which functions a function's body names.

import { Reader } from "./format.mjs";

const OP = { call: 0x10, refFunction: 0xd2, prefix: 0xfc };

const nothing = () => {};
const one = (reader) => reader.number();
const two = (reader) => {
  reader.number();
  reader.number();
};

/** How to pass over what follows an opcode, for all that compilers to WebAssembly without SIMD write. */
const IMMEDIATES = new Map([
  ...[0x02, 0x03, 0x04].map((block) => [block, one]),
  ...[0x0c, 0x0d].map((branch) => [branch, one]),
  [0x0e, (reader) => (reader.list(one), one(reader))],
  [0x11, two],
  [0x1c, (reader) => reader.list(one)],
  ...range(0x20, 0x26).map((variable) => [variable, one]),
  ...range(0x28, 0x3e).map((memory) => [memory, two]),
  ...[0x3f, 0x40].map((memory) => [memory, one]),
  // Signed numbers are as long as unsigned ones.
  ...[0x41, 0x42].map((constant) => [constant, one]),
  [0x43, (reader) => reader.take(4)],
  [0x44, (reader) => reader.take(8)],
  [0xd0, one],
  [0xd1, nothing],
  ...[0x00, 0x01, 0x05, 0x0b, 0x0f, 0x1a, 0x1b].map((plain) => [plain, nothing]),
  ...range(0x45, 0xc4).map((plain) => [plain, nothing]),
]);

/** The same after the prefix of bulk memory and saturating conversions. */
const PREFIXED = [
  ...Array.from({ length: 8 }, () => nothing),
  ...[two, one, two, one, two, one, two, one, one, one],
];

function range(first, last) {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** Adds to `named` the number of each function that `body` calls or takes a reference to. */
export function collectNamed(body, named) {
  const reader = new Reader(body);
  reader.list((group) => {
    group.number();
    group.byte();
  });
  while (reader.at < body.length) {
    const opcode = reader.byte();
    if (opcode === OP.call || opcode === OP.refFunction) {
      named.add(reader.number());
      continue;
    }
    const skip = opcode === OP.prefix ? PREFIXED[reader.number()] : IMMEDIATES.get(opcode);
    if (!skip) throw new Error(`a function's body holds the unexpected opcode 0x${opcode.toString(16)}`);
    skip(reader);
  }
}
