import { extname } from 'node:path'
import { Readable } from 'node:stream'
import { asConvoError, ConvoError, invariant, orElse, readOf } from '../../error.ts'
import { memoryFile } from '../../files/memory.ts'
import {
  type CodingOption,
  formatOfPath,
  type OutputFormat,
  outputFormats,
  traitsOf,
} from '../../image/format.ts'
import { loadSharp, type Sharp } from '../../image/sharp.ts'
import type { TiffCompression } from '../../image/tiff-pack.ts'
import type { NetColours, NetRange } from '../../net/network.ts'
import type { HeatName } from '../../net/palette.ts'
import type { Watch } from '../../run/watch.ts'
import type { Picture, Samples } from '../../tensor/picture.ts'
import { Tensor } from '../../tensor/tensor.ts'
import { describe } from '../../text/describe.ts'
import type { DryRun, PageStore, PictureJob, Report } from '../job.ts'
import { isOwn, type Operation, operations } from '../operations.ts'
import { outputOf } from '../output-path.ts'
import { inQueue } from '../queue.ts'
import { runSettings } from '../run-settings.ts'
import { pictureSettings } from '../settings.ts'
import type { Asked, Prepared } from '../words/prepare.ts'
import type { PictureInput } from './inputs.ts'
import { type KernelInput, kernelOf } from './kernel-input.ts'
import type { Methods, PictureOptions } from './methods.ts'
import { camelCase, checkText, libraryErrors, optionName, ownOptions, typedOptions } from './names.ts'
import type { Net } from './net.ts'

/** How a picture is read, computed and written, besides its operations. */
export type ConvoOptions = PictureOptions & Watch

/** Samples of a picture, interleaved, row by row, and the report of the run. */
export type RawResult = {
  readonly data: Samples
  readonly width: number
  readonly height: number
  /** 1 gray, 2 gray and alpha, 3 RGB, 4 RGB and alpha */
  readonly channels: 1 | 2 | 3 | 4
  /** 8 or 16 bits of a sample */
  readonly depth: 8 | 16 | 32
  readonly report: Report
}

/** What `toFile` may be given besides the path. */
export type FileOptions = {
  /** Lets the output be the input file. */
  readonly inPlace?: boolean
}

/** Settings of the library that are the command's alone. */
const ofCommand = [
  'preview',
  'force',
  'dry-run',
  'json',
  'quiet',
  'verbose',
  'debug',
  'fail-on-clip',
  'in-place',
]

/** The options of a whole picture. */
export const pictureParams = Object.fromEntries(
  Object.entries({ ...pictureSettings, ...runSettings }).filter(([name]) => !ofCommand.includes(name)),
)

/** The options of an operation in a chain: its own, and how its kernel meets the picture. */
export const operationParams = ({ params, shared }: Operation) => ({
  ...params,
  ...Object.fromEntries(
    Object.entries(shared).filter(
      ([name]) => !Object.hasOwn(pictureSettings, name) && !Object.hasOwn(runSettings, name),
    ),
  ),
})

/** How a network meets a picture; what is omitted is what its file says, or guessed and noted. */
export type NetPictureOptions = {
  /** What black and white are for the network. */
  readonly inRange?: NetRange
  /** What black and white are in what it gives; `raw` keeps its numbers. */
  readonly outRange?: NetRange | 'raw'
  /** The channels that it takes; `luma` resizes chroma beside it. */
  readonly colours?: NetColours
  /** `direct` computes every product of 3x3 convolutions of many channels, as the formula has it. Default `auto`. */
  readonly algorithm?: 'auto' | 'direct'
  /** What a map of classes becomes. */
  readonly classes?: 'colours' | 'numbers'
  /** The colours of a map of numbers, such as depth, or the probability of a class. */
  readonly palette?: HeatName
  /** The one map to write, of a network that gives several, counted from 0. */
  readonly map?: number
}

/** How a format is encoded, by the names of the command line. */
type Format = { readonly name: OutputFormat; readonly coding: Readonly<Record<string, unknown>> }

/** Time spent on a smaller file, and how colour is stored. */
type Effort = { readonly effort?: number }
type Subsampling = { readonly subsampling?: '4:4:4' | '4:2:0' }

/** What runs jobs. */
export type Runner = (job: PictureJob, threads: number | undefined) => Promise<Report>

type State = {
  readonly input: PictureInput
  readonly options: ConvoOptions
  readonly steps: readonly Asked[]
  readonly format: Format
  readonly run: Runner
}

/**
 * A picture on its way: operations one after another, with floats between them and one rounding at the end. Every method
 * that adds something gives a new chain, so that one chain can be the beginning of several. Nothing is read before one
 * of `toFile`, `toBuffer`, `toStream`, `toTensor`, `toSharp`, `raw` or `plan` is called.
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the methods are defined from the table below
export class Chain {
  readonly #state: State

  constructor(state: State) {
    this.#state = state
  }

  /** The steps so far, for a batch that runs them elsewhere. */
  static steps(chain: Chain): readonly Asked[] {
    return chain.#state.steps
  }

  /** Adds an operation; its methods, such as `gaussian`, call this. */
  static add(chain: Chain, operation: Operation, options: object = {}): Chain {
    const own = ownOptions(options, camelCase(operation.name))
    const { kernel, ...rest } = own as { kernel?: KernelInput }
    const isNamed = kernel === undefined || typeof kernel === 'string'
    const params = operationParams(operation)
    const given = typedOptions(isNamed ? own : rest, params, camelCase(operation.name))
    if (!isNamed && !Object.hasOwn(params, 'kernel')) {
      throw new ConvoError('E_OPTION', `${camelCase(operation.name)} takes no kernel`)
    }
    const step: Asked = { operation, given, kernel: isNamed ? undefined : kernelOf(kernel) }
    return new Chain({ ...chain.#state, steps: [...chain.#state.steps, step] })
  }

  /** Runs a trained network, of `loadNet`, on the picture: levels go to its range and back, alpha goes along. */
  net(net: Net, options: NetPictureOptions = {}): Chain {
    if (typeof net !== 'object' || net === null || !readOf('the network', () => 'operation' in net)) {
      throw new ConvoError('E_ARGUMENT', `net takes the result of loadNet, got ${describe(net)}`, {
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

  /** Encodes as PNG, 8 or 16 bits. `compression` from 0, which stores, to 9, which is small and slow. */
  png(options: { readonly compression?: number } = {}): Chain {
    return this.#as('png', options)
  }

  /**
   * Encodes as JPEG. `quality` from 1 to 100, and `subsampling`, are those of a JPEG input unless given, else 90 and 4:4:4.
   * `effort` 1 makes smaller files in more time, 2 smaller ones still.
   */
  jpeg(options: { readonly quality?: number } & Subsampling & Effort = {}): Chain {
    return this.#as('jpeg', options)
  }

  /** Encodes as WebP: lossless unless a `quality` from 1 to 100 is given. `effort` from 0 to 6. */
  webp(options: { readonly quality?: number; readonly lossless?: boolean } & Effort = {}): Chain {
    return this.#as('webp', options)
  }

  /** Encodes as AVIF. `quality` from 1 to 100, 80 unless given; `subsampling` 4:4:4 unless given; `effort` from 0 to 9. */
  avif(
    options: { readonly quality?: number; readonly lossless?: boolean } & Subsampling & Effort = {},
  ): Chain {
    return this.#as('avif', options)
  }

  /** Encodes as TIFF, lossless: 8 or 16 bits, or with `depth` 32 floats as they are. */
  tiff(options: { readonly compression?: TiffCompression; readonly depth?: 8 | 16 | 32 } = {}): Chain {
    const { compression, ...rest } = ownOptions(options, 'tiff')
    return this.#as('tiff', { ...rest, tiffCompression: compression })
  }

  /** Encodes as GIF, with 256 colours. `effort` from 1 to 10. */
  gif(options: Effort = {}): Chain {
    return this.#as('gif', options)
  }

  /** Encodes in the format of an extension that is written, such as `ppm`, `bmp` or `pfm`. */
  as(format: OutputFormat): Chain {
    checkText('the name of a format', format)
    return this.#as(Object.hasOwn(outputFormats, format) ? format : formatOfPath(`output.${format}`), {})
  }

  /**
   * Runs the chain into a file, in the format of its extension; `.npy` keeps floats. `{stem}` and other keys of a batch
   * represent parts of the input's name, `{index}` for the number of a map or page. The file appears when it is whole.
   *
   * @throws ConvoError for anything that keeps it from being done; the file is then as it was before
   */
  async toFile(path: string, options: FileOptions = {}): Promise<Report> {
    checkText('the path of a file', path)
    const more = typedOptions(options, { 'in-place': pictureSettings['in-place'] }, 'toFile')
    return this.#queued((input) =>
      this.#run(input, (name, operation) => outputOf(path, name, operation), more),
    )
  }

  /** Runs the chain and gives the bytes of a file, PNG unless another format was chosen. @throws ConvoError */
  toBuffer(): Promise<Buffer> {
    return this.#toMemory(extensionOf(this.#state.format))
  }

  /** The bytes of `toBuffer` as a stream, which fails as that does. */
  toStream(): Readable {
    const bytes = () => this.toBuffer()
    return Readable.from(
      (async function* () {
        yield await bytes()
      })(),
    )
  }

  /** Runs the chain and gives its samples as floats: [C,H,W], or [C,D,H,W] of a volume. @throws ConvoError */
  async toTensor(): Promise<Tensor> {
    const bytes = await this.#toMemory('.npy')
    const { readNpyArray } = await import('../../kernel/formats/npy.ts')
    const { shape, data } = await readNpyArray(bytes, 'the output')
    invariant(data instanceof Float32Array, 'an array is written as float32')
    return new Tensor(shape, data)
  }

  /** Runs the chain and gives its samples, rounded once to 8 or 16 bits. @throws ConvoError */
  async raw(): Promise<RawResult> {
    const kept: Picture[] = []
    const store: PageStore = async (_, picture) => {
      kept.push(picture)
      return { bytes: 0, notes: [] }
    }
    const report = await this.#queued((input) => this.#run(input, { output: 'output.tif', store }))
    const [picture] = kept
    if (picture === undefined || kept.length > 1) {
      throw new ConvoError('E_OPTION', 'the result is several pictures, not one', { fix: 'toTensor()' })
    }
    const { data, width, height, channels, depth } = picture
    return { data, width, height, channels, depth, report }
  }

  /** Runs the chain and gives a pipeline of sharp to go on with. @throws ConvoError */
  async toSharp(): Promise<Sharp> {
    const { data, width, height, channels } = await this.raw()
    return loadSharp()(data as Uint8Array, { raw: { width, height, channels } })
  }

  /** What would be computed, and how, from the header of the input. @throws ConvoError */
  async plan(): Promise<DryRun> {
    const { dryRun } = await import('../dry-run.ts')
    return this.#attempt(async () => {
      const path = `output${extensionOf(this.#state.format)}`
      const { job } = await this.#prepare(this.#coding(path))
      const { openGiven } = await import('./inputs.ts')
      const { name, given } = await openGiven(this.#state.input, this.#state.options.signal)
      return dryRun({ ...job(name, path), given })
    })
  }

  #as(name: OutputFormat, options: object): Chain {
    const takes = Object.fromEntries(
      Object.entries(pictureSettings).filter(
        ([option]) => option === 'depth' || traitsOf(name).takes[option as CodingOption] !== undefined,
      ),
    )
    const coding = typedOptions(options, takes, name)
    for (const [option, value] of Object.entries(coding)) takes[option]!.parse(value, optionName(option))
    return new Chain({ ...this.#state, format: { name, coding } })
  }

  /** What was said of the format, where the output is of it. */
  #coding(output: string): Readonly<Record<string, unknown>> {
    const { name, coding } = this.#state.format
    const extensions: readonly string[] = outputFormats[name].extensions
    return extensions.includes(extname(output).toLowerCase()) ? coding : {}
  }

  #toMemory(extension: string): Promise<Buffer> {
    return this.#queued(async (input) => {
      const file = memoryFile(extension)
      try {
        await this.#run(input, { output: file.path })
        return await file.bytes()
      } finally {
        file.close()
      }
    })
  }

  async #prepare(more: Readonly<Record<string, unknown>>): Promise<Prepared> {
    const { options, steps } = this.#state
    const { signal: _, onProgress: __, ...rest } = options
    const given = { ...typedOptions(rest, pictureParams, 'convo'), ...more }
    const [first] = steps
    if (first === undefined) {
      throw new ConvoError('E_USAGE', 'the chain has no steps', {
        fix: 'convo(input).sharpen()',
      })
    }
    // loaded here, as all that only a run needs: a program that imports convo does not wait for it
    const { prepareChain, prepareOperation } = await import('../words/prepare.ts')
    if (steps.length > 1) return prepareChain(steps, given)
    return prepareOperation({ ...first, given: { ...given, ...first.given } })
  }

  async #run(
    input: PictureInput,
    target: Target | ((name: string, operation: string) => Promise<Target>),
    more: Readonly<Record<string, unknown>> = {},
  ): Promise<Report> {
    const { options, steps, run } = this.#state
    const { signal, onProgress, threads } = options
    const { openGiven, nameOfInput } = await import('./inputs.ts')
    const named = nameOfInput(input)
    const operation = steps.map((step) => step.operation.name).join('-')
    const { output, ...rest } = typeof target === 'function' ? await target(named, operation) : target
    const prepared = await this.#prepare({ ...this.#coding(output), ...more })
    const { name, given } = await openGiven(input, signal)
    const watch = { signal, onProgress: onProgress && guarded(onProgress) }
    return run({ ...prepared.job(name, output), ...rest, given, ...watch }, threads)
  }

  /** Runs in the queue of all jobs: until its turn nothing is prepared or read but streams, which may take any time. */
  #queued<T>(act: (input: PictureInput) => Promise<T>): Promise<T> {
    const { input, options } = this.#state
    const work = (there: PictureInput) => inQueue(options.signal, () => this.#attempt(async () => act(there)))
    return isIterable(input) ? this.#attempt(() => this.#arrived()).then(work) : work(input)
  }

  async #arrived(): Promise<PictureInput> {
    const { arrived } = await import('./inputs.ts')
    return arrived(this.#state.input, this.#state.options.signal)
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

/** Where a run writes. */
type Target = Pick<PictureJob, 'output' | 'series' | 'store'>

/** A callback whose errors are not taken for those of convo. */
const guarded =
  (onProgress: (share: number) => void) =>
  (share: number): void => {
    try {
      onProgress(share)
    } catch (cause) {
      throw new ConvoError('E_ARGUMENT', 'onProgress threw an error', {
        why: asConvoError(cause).message,
        cause,
      })
    }
  }

/** Whether an input may be one that comes from elsewhere. */
const isIterable = (input: unknown): boolean =>
  typeof input === 'object' && input !== null && orElse(() => Symbol.asyncIterator in input, false)

const extensionOf = ({ name }: Format): string => outputFormats[name].extensions[0]

export interface Chain extends Methods<Chain> {}

for (const operation of Object.values(operations)) {
  const name = camelCase(operation.name)
  invariant(!(name in Chain.prototype), `use the method ${name}()`)
  Object.defineProperty(Chain.prototype, name, {
    value(this: Chain, options?: object) {
      return Chain.add(this, operation, options)
    },
  })
}
