// The WebAssembly binary format, as far as splitting a module needs it: sections are cut out and put
// together again, function bodies are never looked into.

/** Numbers of sections, in the specification's words. */
export const SECTION = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
  dataCount: 12,
};

/** Kinds of imports and exports. */
export const KIND = { function: 0, table: 1, memory: 2, global: 3, tag: 4 };

const MAGIC_AND_VERSION = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const FUNCTION_TYPE = 0x60;

/** Takes a binary apart from front to back. */
export class Reader {
  constructor(bytes, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  byte() {
    return this.bytes[this.at++];
  }

  /** An unsigned LEB128 number. */
  number() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  take(length) {
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  name() {
    return new TextDecoder().decode(this.take(this.number()));
  }

  /** As many items as the number in front says. */
  list(item) {
    return Array.from({ length: this.number() }, () => item(this));
  }

  /** What `skip` passes over, as bytes. */
  cut(skip) {
    const begin = this.at;
    skip(this);
    return this.bytes.subarray(begin, this.at);
  }
}

/** An unsigned LEB128 number. */
export function number(value) {
  const bytes = [];
  for (let rest = value; ; ) {
    const byte = rest & 0x7f;
    rest >>>= 7;
    if (rest === 0) return [...bytes, byte];
    bytes.push(byte | 0x80);
  }
}

/** A signed LEB128 number that is not negative. */
export function signed(value) {
  const bytes = [];
  for (let rest = value; ; ) {
    const byte = rest & 0x7f;
    rest >>>= 7;
    if (rest === 0 && (byte & 0x40) === 0) return [...bytes, byte];
    bytes.push(byte | 0x80);
  }
}

export function name(text) {
  const bytes = new TextEncoder().encode(text);
  return [...number(bytes.length), ...bytes];
}

/** One piece of bytes out of many. */
export function join(pieces) {
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** Items with their number in front. */
export const list = (items) => join([number(items.length), ...items]);

/** Bytes with their length in front. */
export const sized = (bytes) => join([number(bytes.length), bytes]);

const skipLimits = (reader) => {
  const bounded = reader.byte() & 1;
  reader.number();
  if (bounded) reader.number();
};
const skipTableType = (reader) => {
  reader.byte();
  skipLimits(reader);
};
const skipGlobalType = (reader) => reader.take(2);

function readImport(reader) {
  const [module, field, kind] = [reader.name(), reader.name(), reader.byte()];
  if (kind !== KIND.function) throw new Error(`import ${module}.${field}: only functions are expected`);
  return { module, field, type: reader.number() };
}

/** A constant expression is passed over up to its end; only plain constants occur. */
function skipConstant(reader) {
  const opcode = reader.byte();
  if (![0x41, 0x42, 0x23, 0xd0].includes(opcode)) throw new Error(`constant expression with opcode ${opcode}`);
  while (reader.byte() !== 0x0b);
}

/** A module's parts. */
export function read(bytes) {
  const sections = new Map();
  const reader = new Reader(bytes, MAGIC_AND_VERSION.length);
  while (reader.at < bytes.length) {
    const id = reader.byte();
    const contents = reader.take(reader.number());
    if (id !== SECTION.custom) sections.set(id, contents);
  }
  const items = (id, item) => (sections.has(id) ? new Reader(sections.get(id)).list(item) : []);
  return {
    sections,
    types: items(SECTION.type, (at) => {
      if (at.byte() !== FUNCTION_TYPE) throw new Error("only types of functions are expected");
      const [parameters, results] = [at.take(at.number()), at.take(at.number())];
      return { parameters, results };
    }),
    imports: items(SECTION.import, readImport),
    /** Type of each function that the module defines. */
    functions: items(SECTION.function, (at) => at.number()),
    tables: items(SECTION.table, (at) => at.cut(skipTableType)),
    memories: items(SECTION.memory, (at) => at.cut(skipLimits)),
    globals: items(SECTION.global, (at) => {
      const type = at.cut(skipGlobalType);
      return { type, initial: at.cut(skipConstant) };
    }),
    exports: items(SECTION.export, (at) => ({ name: at.name(), kind: at.byte(), index: at.number() })),
    elements: items(SECTION.element, (at) => at.cut(readElements)),
    /** Body of each function that the module defines, without its length. */
    bodies: items(SECTION.code, (at) => at.take(at.number())),
  };
}

function readElements(reader) {
  const flags = reader.number();
  if (flags !== 0 && flags !== 2) throw new Error(`element segment with flags ${flags}`);
  if (flags === 2) reader.number();
  skipConstant(reader);
  if (flags === 2) reader.byte();
  return reader.list((at) => at.number());
}

/** Numbers of the functions that an element segment puts into its table. */
export const functionsIn = (segment) => readElements(new Reader(segment));

/** A module out of sections, which are put into the order that the specification wants. */
export function write(sections) {
  const { dataCount, code, ...others } = SECTION;
  const order = Object.values(others).filter((id) => id < code);
  const pieces = [...order, dataCount, code, SECTION.data]
    .filter((id) => sections.has(id))
    .flatMap((id) => [[id], sized(sections.get(id))]);
  return join([MAGIC_AND_VERSION, ...pieces]);
}

export const writeImport = (module, field, kind, description) =>
  join([name(module), name(field), [kind], description]);

export const writeExport = (text, kind, index) => join([name(text), [kind], number(index)]);
