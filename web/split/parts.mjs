// Cuts a module in two: what the start of the page runs, and what is loaded afterwards.
//
// Both parts number their functions as the whole module did, so no function's body has to be changed.
// Where a part lacks a function, a short one stands in its place and calls the other part's by way of a
// table that both share (`links`). A stand-in of the first part first sees to it that the second one is
// there (`load_later`, src/page/later.rs).

import { collectNamed } from "./code.mjs";
import { KIND, SECTION, functionsIn, join, list, name, number, read, signed, sized, write, writeExport, writeImport } from "./format.mjs";

/** How the second part calls the first one. */
const FIRST = "first";
/** The Rust function that loads the second part. */
const LOADER = "load_later";

const FUNCREF = 0x70;
const I32 = 0x7f;
const MUTABLE = 1;
const OP = {
  if: 0x04,
  end: 0x0b,
  call: 0x10,
  callIndirect: 0x11,
  localGet: 0x20,
  globalGet: 0x23,
  globalSet: 0x24,
  i32Const: 0x41,
  i32Eqz: 0x45,
  nothing: 0x40,
};
const NO_LOCALS = [0];
/** The body of a function that nobody can call. */
const NEVER = new Uint8Array([...NO_LOCALS, 0x00, 0x0b]);
/** A global that is 0 until something happens. */
const FLAG = [I32, MUTABLE, OP.i32Const, 0, OP.end];

/** Names under which the first part gives away what has a number but no name. */
const shared = {
  import: (index) => `i${index}`,
  global: (index) => `g${index}`,
  table: (index) => `t${index}`,
};

/** The module with a flag for each of its functions, exported as `ran0`, `ran1`, …: 1 once it has run. */
export function withFlags(bytes) {
  const module = read(bytes);
  const first = module.globals.length;
  const flags = module.bodies.map(() => FLAG);
  const globals = module.globals.map(({ type, initial }) => join([type, initial]));
  const exports = module.exports.map((one) => writeExport(one.name, one.kind, one.index));
  const flagged = module.bodies.map((body, index) => {
    const begin = endOfLocals(body);
    const set = [OP.i32Const, 1, OP.globalSet, ...number(first + index)];
    return sized(join([body.subarray(0, begin), set, body.subarray(begin)]));
  });
  const named = flags.map((_, index) => writeExport(`ran${index}`, KIND.global, first + index));
  // The program takes itself for a first part, and shows what loading a second one needs.
  const loaded = writeExport("loaded", KIND.global, first + flags.length);
  const sections = new Map(module.sections)
    .set(SECTION.global, list([...globals, ...flags, FLAG]))
    .set(SECTION.export, list([...exports, ...named, loaded]))
    .set(SECTION.code, list(flagged));
  return write(sections);
}

/** A module with nothing in it and of some size: what a flagged program loads as its second part. */
export function emptyModule(size) {
  return write(new Map([[SECTION.custom, join([name("nothing"), new Uint8Array(size)])]]));
}

function endOfLocals(body) {
  let at = 0;
  const next = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = body[at++];
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  for (let groups = next(); groups > 0; groups--) {
    next();
    at++;
  }
  return at;
}

/**
 * The two parts of a module.
 *
 * @param {Uint8Array} bytes
 * @param {(index: number) => boolean} isFirst whether the function of this number, of those that the
 *   module defines, belongs to the first part
 */
export function split(bytes, isFirst) {
  const module = read(bytes);
  const firsts = module.bodies.map((_, index) => isFirst(index));
  const slots = slotsOf(firsts);
  return {
    first: firstPart(module, firsts, slots),
    second: secondPart(module, firsts, slots),
  };
}

/** Each function's place in the table: those of the first part come first. */
function slotsOf(firsts) {
  let [first, second] = [0, firsts.filter(Boolean).length];
  return firsts.map((isFirst) => (isFirst ? first++ : second++));
}

/** The functions that a part's own functions name, and those that `others` hold; by number. */
function namedBy(module, isMine, others) {
  const named = new Set(others);
  module.bodies.forEach((body, index) => {
    if (isMine(index)) collectNamed(body, named);
  });
  return (index) => named.has(module.imports.length + index);
}

function firstPart(module, firsts, slots) {
  const links = module.tables.length;
  const loaded = module.globals.length;
  const loader = module.exports.find((one) => one.name === LOADER);
  if (!loader) throw new Error(`the module exports no ${LOADER}`);
  const load = [OP.globalGet, ...number(loaded), OP.i32Eqz, OP.if, OP.nothing, OP.call, ...number(loader.index), OP.end];
  const given = module.exports.filter((one) => one.kind === KIND.function).map((one) => one.index);
  const isNamed = namedBy(module, (index) => firsts[index], [...given, ...module.elements.flatMap(functionsIn)]);
  const bodies = module.bodies.map((body, index) => {
    if (firsts[index]) return sized(body);
    return isNamed(index) ? standIn(module, index, links, slots[index], load) : sized(NEVER);
  });
  const give = (kind, items, label) => items.map((_, index) => writeExport(label(index), kind, index));
  const exports = [
    ...module.exports.map((one) => writeExport(one.name, one.kind, one.index)),
    ...give(KIND.function, module.imports, shared.import),
    ...give(KIND.global, module.globals, shared.global),
    ...give(KIND.table, module.tables, shared.table),
    writeExport("links", KIND.table, links),
    writeExport("loaded", KIND.global, loaded),
  ];
  const globals = module.globals.map(({ type, initial }) => join([type, initial]));
  const sections = new Map(module.sections)
    .set(SECTION.table, list([...module.tables, linksType(module)]))
    .set(SECTION.global, list([...globals, FLAG]))
    .set(SECTION.export, list(exports))
    .set(SECTION.element, list([...module.elements, filling(module, links, firsts, slots, true)]))
    .set(SECTION.code, list(bodies));
  return write(sections);
}

function secondPart(module, firsts, slots) {
  const links = module.tables.length;
  const memory = module.exports.find((one) => one.kind === KIND.memory);
  if (!memory) throw new Error("the module exports no memory");
  const imports = [
    ...module.imports.map((one, index) =>
      writeImport(FIRST, shared.import(index), KIND.function, number(one.type)),
    ),
    ...module.tables.map((type, index) => writeImport(FIRST, shared.table(index), KIND.table, type)),
    writeImport(FIRST, "links", KIND.table, linksType(module)),
    writeImport(FIRST, memory.name, KIND.memory, module.memories[0]),
    ...module.globals.map(({ type }, index) => writeImport(FIRST, shared.global(index), KIND.global, type)),
  ];
  const isNamed = namedBy(module, (index) => !firsts[index], []);
  const bodies = module.bodies.map((body, index) => {
    if (!firsts[index]) return sized(body);
    return isNamed(index) ? standIn(module, index, links, slots[index], []) : sized(NEVER);
  });
  const sections = new Map([
    [SECTION.type, module.sections.get(SECTION.type)],
    [SECTION.import, list(imports)],
    [SECTION.function, module.sections.get(SECTION.function)],
    [SECTION.element, list([filling(module, links, firsts, slots, false)])],
    [SECTION.code, list(bodies)],
  ]);
  return write(sections);
}

/** A function that passes its arguments on to the one in a slot of `links`. */
function standIn(module, index, links, slot, before) {
  const type = module.functions[index];
  const gets = Array.from(module.types[type].parameters, (_, local) => [OP.localGet, ...number(local)]);
  const call = [OP.i32Const, ...signed(slot), OP.callIndirect, ...number(type), ...number(links)];
  return sized(join([NO_LOCALS, before, ...gets, call, [OP.end]]));
}

const linksType = (module) => [FUNCREF, 0, ...number(module.bodies.length)];

/** The element segment that puts a part's functions into their slots, which follow each other. */
function filling(module, links, firsts, slots, first) {
  const mine = [...firsts.keys()].filter((index) => firsts[index] === first);
  const begin = mine.length > 0 ? slots[mine[0]] : 0;
  const explicitTable = 2;
  const functions = 0;
  const offset = [OP.i32Const, ...signed(begin), OP.end];
  const items = mine.map((index) => number(module.imports.length + index));
  return join([[explicitTable], number(links), offset, [functions], list(items)]);
}
