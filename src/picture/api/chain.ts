import { extname, join, parse } from 'node:path'
import { Readable } from 'node:stream'
import { types } from 'node:util'
import { ConvoError, invariant, mismatch, readOf } from '../../error.ts'
import { memoryFile, type Own } from '../../files/memory.ts'
import { isFolder } from '../../files/root.ts'
import { type OutputExtension, type OutputFormat, outputFormats, traitsOf } from '../../image/format.ts'
import { loadSharp, type Sharp } from '../../image/sharp.ts'
import { ownOptions } from '../../params.ts'
import type { Picture, Samples } from '../../tensor/picture.ts'
import { Tensor } from '../../tensor/tensor.ts'
import type { DryRun, PageStore, PictureJob, Report } from '../job.ts'
import { isOwn, type Operation, operations } from '../operations.ts'
import { outputOf } from '../output-path.ts'
import { inQueue } from '../queue.ts'
import type { Asked, Prepared } from '../words/prepare.ts'
import { ofChain, refuseMore } from './arguments.ts'
import { isElsewhere, isIterable, theMask } from './elsewhere.ts'
import { type Follow, guarded } from './guarded.ts'
import type { PictureInput } from './inputs.ts'
import { stepOptions } from './kernel-input.ts'
import type {
  AvifOptions,
  FileOptions,
  GifOptions,
  JpegOptions,
  Methods,
  NetPictureOptions,
  PictureOptions,
  PngOptions,
  TiffOptions,
  WebpOptions,
} from './methods.ts'
import { camelCase, checkPath, inOwnWords, libraryErrors, optionName, typedOptions } from './names.ts'
import type { Net } from './net.ts'
import { encoderParams, fileParams, formatNamed, pictureParams } from './params.ts'

/** How a picture is read, computed and written, apart from its operations. */
export type ConvoOptions = Omit<PictureOptions, 'mask'> &
  Follow & {
    /**
     * A picture of the same size, in any form that an input may have. The result is used where it is white, the input
     * where it is black, and a mixture where it is gray. Default: the result everywhere.
     */
    readonly mask?: PictureInput | undefined
  }

/** The samples of a picture, interleaved, row by row, and the report of the run. */
export type RawResult = {
  /** A Uint8Array, Uint16Array or Float32Array, depending on `depth`. Its memory belongs to the caller. */
  readonly data: Samples & Own
  /** Width in pixels. */
  readonly width: number
  /** Height in pixels. */
  readonly height: number
  /** 1 gray, 2 gray and alpha, 3 RGB, 4 RGB and alpha. */
  readonly channels: 1 | 2 | 3 | 4
  /** Bits of a sample. 32 means floats, which `range: 'raw'` and `depth: 32` produce. */
  readonly depth: 8 | 16 | 32
  /** What the run did, and notes for the user. */
  readonly report: Report
}

/** A format and the options of its encoder, by their names on the command line. */
type Format = { readonly name: OutputFormat; readonly coding: Readonly<Record<string, unknown>> }

export type Runner = (job: PictureJob, threads: number | undefined) => Promise<Report>

type State = {
  readonly input: PictureInput
  readonly options: ConvoOptions
  readonly steps: readonly Asked[]
  /** The format to encode in, if one was chosen. */
  readonly format?: Format
  readonly run: Runner
}

/**
 * A chain of operations on a picture, with floats between them and one rounding at the end. Every method that adds
 * something returns a new chain, so that one chain can be the beginning of several. Nothing is read until `toFile`,
 * `toBuffer`, `toStream`, `toTensor`, `toSharp`, `raw` or `plan` is called.
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the methods are defined from the table below
export class Chain {
  readonly #state: State

  /** @internal */
  constructor(state: State) {
    this.#state = state
  }

  /** @internal Returns the steps so far, for a batch that runs them elsewhere. */
  static steps(chain: Chain): readonly Asked[] {
    return chain.#state.steps
  }

  /** @internal Adds an operation. Methods such as `gaussian` call this. */
  static add(chain: Chain, operation: Operation, options: object = {}): Chain {
    const step: Asked = { operation, given: stepOptions(options, operation) }
    return new Chain({ ...chain.#state, steps: [...chain.#state.steps, step] })
  }

  /** Runs a network from `loadNet` on the picture. Converts levels to its range and back, and resizes alpha alike. */
  net(net: Net, options: NetPictureOptions = {}): Chain {
    if (typeof net !== 'object' || net === null || !readOf('the network', () => 'operation' in net)) {
      throw mismatch('net takes the result of loadNet', net, {
        fix: "convo(input).net(await loadNet('model.onnx'))",
      })
    }
    if (!isOwn(net.operation)) {
      throw new ConvoError('E_ARGUMENT', 'the network was loaded by another copy of convo', {
        why: 'the ES module and CommonJS are two copies',
        fix: 'loadNet of the copy that runs it',
      })
    }
    return Chain.add(this, net.operation, options)
  }

  /** Encodes as PNG, 8 or 16 bits. */
  png(options: PngOptions = {}): Chain {
    return this.#as('png', options)
  }

  /** Encodes as JPEG, without alpha. `effort` 1 takes longer and makes smaller files; 2 makes even smaller ones. */
  jpeg(options: JpegOptions = {}): Chain {
    return this.#as('jpeg', options)
  }

  /** Encodes as WebP, lossless unless a `quality` is given. */
  webp(options: WebpOptions = {}): Chain {
    return this.#as('webp', options)
  }

  /** Encodes as AVIF, lossy unless `lossless` is set. */
  avif(options: AvifOptions = {}): Chain {
    return this.#as('avif', options)
  }

  /** Encodes as TIFF, always lossless: 8 or 16 bits, or unrounded floats with `depth: 32`. */
  tiff(options: TiffOptions = {}): Chain {
    return this.#as('tiff', options)
  }

  /** Encodes as GIF, with 256 colours. */
  gif(options: GifOptions = {}): Chain {
    return this.#as('gif', options)
  }

  /** Encodes in the format of a file extension, such as `ppm`, `bmp` or `pfm`. */
  as(format: OutputFormat | OutputExtension): Chain {
    return this.#as(formatNamed(format), {})
  }

  /**
   * Runs the chain and writes a file in the format of its extension; `.npy` keeps floats. `{stem}` and the other keys
   * of a batch are replaced by parts of the input's name, `{index}` by the number of a map or page. The file appears
   * once it is complete.
   *
   * @throws ConvoError if anything fails; the file is then as it was before
   */
  async toFile(path: string | URL, options: FileOptions = {}): Promise<Report> {
    const target = checkPath('the output', path)
    const more = typedOptions(ownOptions(options, 'toFile'), fileParams, 'toFile')
    const found = async (name: string, operation: string) => {
      const output = await outputOf(target, name, operation)
      Chain.agreed(this, output.output)
      return output
    }
    return this.#queued((inputs) => this.#run(inputs, found, more))
  }

  /** Runs the chain and returns the bytes of a file: a PNG unless another format was chosen. @throws ConvoError */
  async toBuffer(): Promise<Buffer & Own> {
    return this.#toMemory(this.#extension())
  }

  /** Returns the bytes of `toBuffer` as a stream. An error destroys the stream. */
  toStream(): Readable {
    const bytes = () => this.toBuffer()
    async function* once() {
      yield await bytes()
    }
    return Readable.from(once())
  }

  /** Runs the chain and returns its samples as floats: [C,H,W], or [C,D,H,W] for a volume. @throws ConvoError */
  async toTensor(): Promise<Tensor> {
    const bytes = await this.#toMemory('.npy')
    const { readNpyArray } = await import('../../kernel/formats/npy.ts')
    const { shape, data } = await readNpyArray(bytes, 'the output')
    invariant(data instanceof Float32Array, 'an array is written as float32')
    return new Tensor(shape, data)
  }

  /**
   * Runs the chain and returns its samples: rounded to 8 or 16 bits, or floats with `range: 'raw'`.
   *
   * @throws ConvoError
   */
  async raw(): Promise<RawResult> {
    const { range, depth: bits } = this.#state.options
    const isOpen = (bits ?? this.#state.format?.coding.depth) === undefined
    const isFloat = range === 'raw' && isOpen
    const asFloats = isFloat ? { depth: 32 } : {}
    // without a depth, samples are rounded, even if the input has floats
    const output = isOpen && !isFloat ? 'output.png' : 'output.tif'
    const kept: Picture[] = []
    const store: PageStore = async (_, picture) => {
      kept.push(picture)
      return { bytes: 0, notes: [] }
    }
    const report = await this.#queued((inputs) => this.#run(inputs, { output, store }, asFloats))
    const [picture] = kept
    if (picture === undefined || kept.length > 1) {
      throw new ConvoError('E_OPTION', 'the result is several pictures, not one', { fix: 'toTensor()' })
    }
    const { width, height, channels, depth } = picture
    const data = types.isSharedArrayBuffer(picture.data.buffer) ? picture.data.slice() : picture.data
    return { data: data as Samples & Own, width, height, channels, depth, report }
  }

  /** Runs the chain and returns a sharp pipeline of the result, which keeps 16 bits. @throws ConvoError */
  async toSharp(): Promise<Sharp> {
    const { data, width, height, channels, depth } = await this.raw()
    const pipeline = loadSharp()(data as Uint8Array, { raw: { width, height, channels } })
    // by default, sharp outputs 8 bits
    return depth === 16 ? pipeline.toColourspace(channels < 3 ? 'grey16' : 'rgb16') : pipeline
  }

  /** Returns what would be computed, and how, from the header of the input. @throws ConvoError */
  async plan(): Promise<DryRun> {
    const { dryRun } = await import('../dry-run.ts')
    return this.#attempt(async () => {
      const path = `output${this.#extension()}`
      const { job } = await this.#prepare(this.#coding(path))
      const { openGiven } = await import('./inputs.ts')
      const { name, given } = await openGiven(this.#state.input, this.#state.options.signal)
      return inOwnWords(await dryRun({ ...job(name, path), given }))
    })
  }

  #as(name: OutputFormat, options: object): Chain {
    const params = encoderParams(name)
    const given = Object.entries(typedOptions(ownOptions(options, name), params, name))
    for (const [option, value] of given) params[option]!.parse(value, optionName(option))
    const { takes } = traitsOf(name)
    const coding = given.map(([option, value]) => {
      const own = `${name}-${option}`
      return [own in takes ? own : option, value]
    })
    return new Chain({ ...this.#state, format: { name, coding: Object.fromEntries(coding) } })
  }

  #extension(): string {
    return outputFormats[this.#state.format?.name ?? 'png'].extensions[0]
  }

  /** Returns the options of the chosen encoder if the output is of its format. */
  #coding(output: string): Readonly<Record<string, unknown>> {
    const { format } = this.#state
    return format && isOf(format.name, output) ? format.coding : {}
  }

  /**
   * @internal Returns the options of the chosen encoder for an output of its format. Returns no options if no format
   *   was chosen or the output is a folder.
   *
   * @throws ConvoError E_OPTION if the output is of another format
   */
  static agreed(chain: Chain, output: string): Readonly<Record<string, unknown>> {
    const { format } = chain.#state
    // the code that writes files refuses a folder
    if (format === undefined || output.endsWith('/') || isFolder(output)) return {}
    if (isOf(format.name, output)) return format.coding
    const [extension] = outputFormats[format.name].extensions
    const { dir, name } = parse(output)
    throw new ConvoError('E_OPTION', `${output} is not the name of a ${format.name} file`, {
      why: `${format.name}() sets how toBuffer() and files of that format are encoded`,
      fix: join(dir, name + extension),
    })
  }

  #toMemory(extension: string): Promise<Buffer & Own> {
    return this.#queued(async (inputs) => {
      const file = memoryFile(extension)
      try {
        await this.#run(inputs, { output: file.path })
        return await file.bytes()
      } finally {
        file.close()
      }
    })
  }

  async #prepare(more: Readonly<Record<string, unknown>>): Promise<Prepared> {
    const { input, options, steps } = this.#state
    const { signal: _, onProgress: __, onReport: ___, mask, ...rest } = options
    const words = { ...rest, mask: isElsewhere(mask) ? theMask : mask }
    const given = { ...typedOptions(words, pictureParams, 'convo'), ...more }
    const [first] = steps
    if (first === undefined) {
      const { refusePromise, theInput } = await import('./inputs.ts')
      refusePromise(input, theInput)
      throw new ConvoError('E_USAGE', 'the chain has no steps', { fix: 'convo(input).sharpen()' })
    }
    // loaded here, like everything that only a run needs, so that importing convo stays quick
    const { prepareChain, prepareOperation } = await import('../words/prepare.ts')
    if (steps.length > 1) return prepareChain(steps, given)
    return prepareOperation({ ...first, given: { ...given, ...first.given } })
  }

  async #run(
    { input, mask }: Inputs,
    target: Target | ((name: string, operation: string) => Promise<Target>),
    more: Readonly<Record<string, unknown>> = {},
  ): Promise<Report> {
    const { options, steps, run } = this.#state
    const { signal, threads } = options
    const { openGiven, nameOfInput } = await import('./inputs.ts')
    const named = nameOfInput(input)
    const operation = steps.map((step) => step.operation.name).join('-')
    const { output, ...rest } = typeof target === 'function' ? await target(named, operation) : target
    const prepared = await this.#prepare({ ...this.#coding(output), ...more })
    const { name, given } = await openGiven(input, signal)
    const over = isElsewhere(mask) ? await openGiven(mask, signal, theMask) : undefined
    const { calling, settled } = guarded()
    const onProgress = calling('onProgress', options.onProgress)
    const job = { ...prepared.job(name, output), ...rest, given, mask: over?.given }
    const report = inOwnWords(await run({ ...job, signal, onProgress }, threads))
    calling('onReport', options.onReport)?.(report)
    await settled()
    return report
  }

  /** Runs in the queue of all jobs. Until its turn, it reads only streams, since they may take any time. */
  #queued<T>(act: (inputs: Inputs) => Promise<T>): Promise<T> {
    const { input, options } = this.#state
    const { mask, signal } = options
    const work = (there: Inputs) => inQueue(signal, () => this.#attempt(async () => act(there)))
    const isComing = isIterable(input) || isIterable(mask)
    return isComing ? this.#attempt(() => this.#arrived()).then(work) : work({ input, mask })
  }

  async #arrived(): Promise<Inputs> {
    const { arrived } = await import('./inputs.ts')
    const { input, options } = this.#state
    const { mask, signal } = options
    // in parallel, since one source may feed both
    const [one, other] = await Promise.all([
      arrived(input, signal),
      mask === undefined ? undefined : arrived(mask, signal, theMask),
    ])
    return { input: one, mask: other }
  }

  async #attempt<T>(act: () => Promise<T>): Promise<T> {
    const { signal } = this.#state.options
    signal?.throwIfAborted()
    try {
      return await libraryErrors(act)
    } catch (error) {
      if (signal?.aborted) throw signal.reason
      throw error
    }
  }
}

type Inputs = { readonly input: PictureInput; readonly mask: PictureInput | undefined }

/** Where a run writes its result. */
type Target = Pick<PictureJob, 'output' | 'series' | 'store'>

/** Whether the extension of a path belongs to a format. */
const isOf = (name: OutputFormat, path: string): boolean =>
  (outputFormats[name].extensions as readonly string[]).includes(extname(path).toLowerCase())

export interface Chain extends Methods<Chain> {}

for (const operation of Object.values(operations)) {
  const name = camelCase(operation.name)
  invariant(!(name in Chain.prototype), `use the method ${name}()`)
  Object.defineProperty(Chain.prototype, name, {
    configurable: true,
    value(this: Chain, options?: object) {
      return Chain.add(this, operation, options)
    },
  })
}
refuseMore(Chain.prototype, ofChain)
