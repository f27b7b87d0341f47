import { ConvoError } from '../../error.ts'
import { viewOf } from '../../files/read.ts'
import { checkLimit } from '../../limits.ts'
import { type Failure, quoted } from './format.ts'

/** A value in a pickle: plain values, lists, maps, and placeholders for objects that are only named, never created. */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Value[]
  | Dict
  | Named
  | Call
  | Stored

/** A dictionary. Keys are compared by identity. */
export type Dict = Map<Value, Value>

/** The name of a class or function. It is never looked up. */
export class Named {
  constructor(readonly name: string) {}
}

/** A call of a class or function, with its arguments. It is never made. */
export class Call {
  constructor(
    readonly name: string,
    readonly args: readonly Value[],
  ) {}
}

/** A reference to an object outside the pickle (a persistent id). */
export class Stored {
  constructor(readonly id: Value) {}
}

/** The bytes to read, and the functions that report errors. */
export type PickleSource = {
  readonly bytes: Uint8Array
  readonly file: string
  readonly fail: Failure
  /** Whether a file of tensors needs this class or function. */
  readonly allows: (name: string) => boolean
}

type Step = (machine: Machine) => void

/** The stack machine of pickles, with the instructions that build values and none that run code. */
class Machine {
  stack: Value[] = []
  /** The stacks below the open marks. */
  readonly marks: Value[][] = []
  readonly memo = new Map<number, Value>()

  constructor(
    readonly source: PickleSource,
    public at: number,
  ) {}

  fail(expected: string, found: string): ConvoError {
    return this.source.fail(this.at, expected, found)
  }

  push(value: Value): void {
    this.stack.push(value)
  }

  top(): Value {
    const value = this.stack.at(-1)
    if (value === undefined) throw this.fail('a value', 'none')
    return value
  }

  pop(): Value {
    const value = this.top()
    this.stack.pop()
    return value
  }

  /** Returns the values pushed since the last mark. */
  popMark(): Value[] {
    const before = this.marks.pop()
    if (before === undefined) throw this.fail('a mark', 'none')
    const since = this.stack
    this.stack = before
    return since
  }

  take(size: number): Uint8Array {
    if (size > this.source.bytes.length - this.at)
      throw this.fail(`${size} bytes`, `${this.source.bytes.length - this.at}`)
    this.at += size
    return this.source.bytes.subarray(this.at - size, this.at)
  }

  unsigned(size: number): number {
    return this.take(size).reduceRight((sum, byte) => sum * 256 + byte, 0)
  }

  /** Reads an 8-byte size. */
  long(): number {
    const size = this.unsigned(8)
    if (size > this.source.bytes.length) throw this.fail('a size within the file', `${size}`)
    return size
  }

  text(size: number): void {
    const bytes = this.take(size)
    try {
      this.push(decoder.decode(bytes))
    } catch {
      throw this.fail('text in UTF-8', 'damaged text')
    }
  }

  line(): string {
    const end = this.source.bytes.indexOf(newline, this.at)
    if (end < 0) throw this.fail('a line', 'the end')
    const text = Buffer.from(this.take(end - this.at)).toString('latin1')
    this.at++
    return text
  }

  /** Pushes a class or function. Those that tensors do not need are refused, whether they are called or not. */
  named(module: string, name: string): void {
    const whole = `${module}.${name}`
    if (!this.source.allows(whole)) throw refused(this.source.file, whole)
    this.push(new Named(whole))
  }

  call(args: Value): void {
    const callee = this.pop()
    if (!(callee instanceof Named) || !Array.isArray(args))
      throw this.fail('a class and its arguments', kindOf(callee))
    this.push(dictionaries.has(callee.name) ? dictOf(args) : new Call(callee.name, args))
  }

  setItems(items: readonly Value[]): void {
    const dict = this.top()
    if (!(dict instanceof Map)) throw this.fail('a dictionary', kindOf(dict))
    for (const [key, value] of pairsOf(items)) dict.set(key, value)
  }

  append(items: readonly Value[]): void {
    const list = this.top()
    if (!Array.isArray(list)) throw this.fail('a list', kindOf(list))
    for (const item of items) list.push(item)
  }

  run(): Value {
    // each instruction makes at most one value, and fetches at most one from the memo
    for (let count = 1; ; count++) {
      checkLimit('modelParts', count, this.source.file)
      const code = this.take(1)[0]!
      if (code === stop) return this.pop()
      const step = steps.get(code)
      if (step === undefined) {
        this.at--
        throw this.fail('an instruction of a pickle', `0x${code.toString(16)}`)
      }
      step(this)
    }
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const newline = 10
const stop = '.'.charCodeAt(0)
const dictionaries = new Set(['collections.OrderedDict', 'collections.defaultdict'])

/** Keys and values that follow each other, as pairs. */
const pairsOf = (items: readonly Value[]): [Value, Value][] =>
  Array.from({ length: Math.floor(items.length / 2) }, (_, i) => [items[2 * i]!, items[2 * i + 1]!])

/** A dictionary made by calling its class, without arguments or with a list of pairs. */
function dictOf(args: readonly Value[]): Dict {
  const dict: Dict = new Map()
  for (const pair of args.flatMap((arg) => (Array.isArray(arg) ? arg : []))) {
    if (Array.isArray(pair) && pair.length === 2) dict.set(pair[0]!, pair[1]!)
  }
  return dict
}

const kindOf = (value: Value): string => {
  if (value instanceof Named || value instanceof Call) return value.name
  if (value instanceof Map) return 'a dictionary'
  if (value instanceof Stored) return 'a tensor'
  return Array.isArray(value) ? 'a list' : value === null ? 'None' : typeof value
}

function refused(file: string, name: string): ConvoError {
  const isModule = /^(__main__|torch\.nn\.)/.test(name)
  return new ConvoError('E_NET_FORMAT', `${file} holds more than tensors: ${quoted(name)}`, {
    why: `${file}: ${isModule ? 'the whole network was saved with its code, but convo runs no code' : 'no code is run, and only tensors are read'}`,
    fix: "torch.save(model.state_dict(), 'net.pth') in Python, where the file can be trusted",
  })
}

/** Reads a little-endian integer in two's complement. */
function longOf(bytes: Uint8Array): number | bigint {
  if (bytes.length > mostLongBytes) return 0n
  let value = 0n
  for (const byte of [...bytes].reverse()) value = (value << 8n) | BigInt(byte)
  const signed = BigInt.asIntN(bytes.length * 8, value)
  const number = Number(signed)
  return Number.isSafeInteger(number) ? number : signed
}

/** The most bytes of an integer. No size in a tensor needs more. */
const mostLongBytes = 16

const memoise = (machine: Machine, index: number): void => void machine.memo.set(index, machine.top())

function recall(machine: Machine, index: number): void {
  const value = machine.memo.get(index)
  if (value === undefined) throw machine.fail('a value that was kept', `number ${index}`)
  machine.stack.push(value)
}

const tuple =
  (size: number): Step =>
  (m) =>
    m.push(Array.from({ length: size }, () => m.pop()).reverse())

/** The instructions by opcode, as listed in pickletools. Those of protocol 0 that write numbers as text are not needed. */
const steps: ReadonlyMap<number, Step> = new Map(
  Object.entries({
    '\x80': (m) => void m.take(1),
    '\x95': (m) => void m.long(),
    '(': (m) => {
      m.marks.push(m.stack)
      m.stack = []
    },
    '0': (m) => void m.pop(),
    '1': (m) => void m.popMark(),
    '2': (m) => m.push(m.top()),
    N: (m) => m.push(null),
    '\x88': (m) => m.push(true),
    '\x89': (m) => m.push(false),
    J: (m) => m.push(viewOf(m.take(4)).getInt32(0, true)),
    K: (m) => m.push(m.unsigned(1)),
    M: (m) => m.push(m.unsigned(2)),
    G: (m) => m.push(viewOf(m.take(8)).getFloat64(0)),
    '\x8a': (m) => m.push(longOf(m.take(m.unsigned(1)))),
    X: (m) => m.text(m.unsigned(4)),
    '\x8c': (m) => m.text(m.unsigned(1)),
    '\x8d': (m) => m.text(m.long()),
    // strings of Python 2
    T: (m) => m.push(Buffer.from(m.take(m.unsigned(4))).toString('latin1')),
    U: (m) => m.push(Buffer.from(m.take(m.unsigned(1))).toString('latin1')),
    B: (m) => m.push(m.take(m.unsigned(4))),
    C: (m) => m.push(m.take(m.unsigned(1))),
    '\x8e': (m) => m.push(m.take(m.long())),
    ']': (m) => m.push([]),
    '}': (m) => m.push(new Map()),
    ')': (m) => m.push([]),
    '\x8f': (m) => m.push([]),
    t: (m) => m.push(m.popMark()),
    l: (m) => m.push(m.popMark()),
    '\x91': (m) => m.push(m.popMark()),
    d: (m) => m.push(new Map(pairsOf(m.popMark()))),
    '\x85': tuple(1),
    '\x86': tuple(2),
    '\x87': tuple(3),
    a: (m) => m.append([m.pop()]),
    e: (m) => m.append(m.popMark()),
    '\x90': (m) => m.append(m.popMark()),
    s: (m) => m.setItems([m.pop(), m.pop()].reverse()),
    u: (m) => m.setItems(m.popMark()),
    q: (m) => memoise(m, m.unsigned(1)),
    r: (m) => memoise(m, m.unsigned(4)),
    '\x94': (m) => memoise(m, m.memo.size),
    h: (m) => recall(m, m.unsigned(1)),
    j: (m) => recall(m, m.unsigned(4)),
    c: (m) => {
      const module = m.line()
      m.named(module, m.line())
    },
    '\x93': (m) => {
      const name = m.pop()
      const module = m.pop()
      if (typeof name !== 'string' || typeof module !== 'string') throw m.fail('a name', kindOf(name))
      m.named(module, name)
    },
    R: (m) => m.call(m.pop()),
    '\x81': (m) => m.call(m.pop()),
    // attributes of objects: tensors do not need them
    b: (m) => {
      m.pop()
      m.top()
    },
    Q: (m) => m.push(new Stored(m.pop())),
  } satisfies Record<string, Step>).map(([code, step]) => [code.charCodeAt(0), step]),
)

/**
 * Reads one pickle, Python's serialisation format, without running anything that it names. Returns the value and where
 * the pickle ends.
 *
 * @throws ConvoError E_NET_FORMAT with the name of a class that tensors do not need, E_NET_SYNTAX for damage, E_TOO_LARGE
 */
export function readPickle(source: PickleSource, begin = 0): { readonly value: Value; readonly end: number } {
  const machine = new Machine(source, begin)
  const value = machine.run()
  return { value, end: machine.at }
}
