import { types } from 'node:util'
import { checkAlgorithm, checkRank, wholeAtLeast } from '../../conv/spec.ts'
import { confinedTo, directSums } from '../../definition/engine.ts'
import { asConvoError, mismatch } from '../../error.ts'
import { nodeOf, planesNode, traced, tracer } from '../../graph/node.ts'
import { describeModel, type ModelFacts } from '../../net/describe.ts'
import { fitOf, type Model, readModel, throughModel } from '../../net/model.ts'
import { checkOptions, ownOptions, resolve } from '../../params.ts'
import { apart } from '../../run/apart.ts'
import { runToTensor } from '../../run/graph.ts'
import { poolOf } from '../../run/shared.ts'
import { asTensor, type TensorInput } from '../../tensor/like.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { defined } from '../../text/record.ts'
import { modelParams, netOperation } from '../net.ts'
import type { Operation } from '../operations.ts'
import { runSettings } from '../run-settings.ts'
import { refuseMore } from './arguments.ts'
import { viewOf } from './inputs.ts'
import type { NetOptions } from './methods.ts'
import { isUrl, optionName, pathOf } from './names.ts'

/** A trained network that is ready to run: on pictures with `convo(x).net(net)`, on tensors with `run`. */
export class Net {
  readonly #model: Model
  /** @internal The network as an operation on pictures. */
  readonly operation: Operation

  /** @internal */
  constructor(model: Model, name: string) {
    this.#model = model
    this.operation = netOperation(model, name)
  }

  /** The name in its file, or an empty string if it has none. */
  get name(): string {
    return this.#model.network.name
  }

  /**
   * Runs the network on a tensor without converting its values: [C,H,W] gives [C',H',W']. It works in strips on all
   * threads. The result is the same to the last bit, whatever the strips and threads. `algorithm: 'direct'` computes
   * every product of 3x3 and 5x5 convolutions with many channels, as in the formula.
   *
   * @throws ConvoError E_ARGUMENT; E_SHAPE for a size that the network does not accept
   */
  async run(
    given: TensorInput,
    options: {
      /** The number of threads, 1 to 1024. Default: one per core. */
      readonly threads?: number | undefined
      /** `direct` computes every product. Default: `auto`. */
      readonly algorithm?: 'auto' | 'direct' | undefined
    } = {},
  ): Promise<Tensor> {
    try {
      const x = await asTensor(given)
      checkRank('x', x, 3, '[C,H,W]')
      checkOptions(options, 'run', ['threads', 'algorithm'])
      checkAlgorithm(options.algorithm)
      if (options.threads !== undefined) runSettings.threads.parse(options.threads, 'threads')
      const engine = options.algorithm === 'direct' ? directSums(tracer) : confinedTo(tracer, [x])
      const model = this.#model
      const fit = await fitOf(model, x.shape as unknown as [number, number, number])
      const out = await throughModel(model, traced(planesNode(x)), engine, fit)
      return await poolOf(options.threads).exclusive((session) => runToTensor(session, { out: nodeOf(out) }))
    } catch (error) {
      throw asConvoError(error)
    }
  }

  /**
   * Describes its layers, shapes, weights, multiplications, receptive field and memory at a picture size, and computes
   * nothing.
   */
  async info(
    options: {
      /** Width of the picture in pixels, at least 1. Default: as in the file, otherwise 256. */
      readonly width?: number | undefined
      /** Height of the picture in pixels, at least 1. Default: as in the file, otherwise 256. */
      readonly height?: number | undefined
    } = {},
  ): Promise<ModelFacts> {
    try {
      const given = ownOptions(options, 'info', ['width', 'height'])
      const { fixed = [256, 256], channels = 3 } = this.#model
      const [height, width] = (['height', 'width'] as const).map((name, i) =>
        wholeAtLeast(name, given[name] === undefined ? fixed[i] : given[name], 1),
      ) as [number, number]
      return await describeModel(this.#model, [channels, height, width])
    } catch (error) {
      throw asConvoError(error)
    }
  }
}

refuseMore(Net.prototype, { run: [2] })

/** Implements `loadNet`. */
export async function openNet(
  given: string | URL | Uint8Array | ArrayBuffer,
  options: NetOptions,
): Promise<Net> {
  const source = isUrl(given, 'the source of a network')
    ? pathOf(given, 'the source of a network', 'loadNet(await (await fetch(url)).arrayBuffer())')
    : types.isAnyArrayBuffer(given)
      ? viewOf(given, 'the network')
      : given
  if (typeof source !== 'string' && !types.isUint8Array(source)) {
    const other: unknown = source
    throw mismatch('a network is read from a path, a file: URL or the bytes of a file', other, {
      fix: types.isPromise(other)
        ? 'loadNet(await source)'
        : other instanceof Blob || other instanceof Response
          ? 'loadNet(await source.arrayBuffer())'
          : undefined,
    })
  }
  const values = resolve(modelParams, defined(options), optionName)
  const model = await apart('network', readModel)(source, values)
  return new Net(model, typeof source === 'string' ? source : model.network.name)
}
