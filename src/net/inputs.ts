import { ConvoError, nearest } from '../error.ts'
import { sizeOf } from '../tensor/tensor.ts'
import type { Constant, Network, Port } from './network.ts'

/** Numbers for inputs other than the picture, such as the strength of a denoiser, by name. */
export type NetInputs = Readonly<Record<string, number>>

/** Turns inputs into constants, each filled with its number. @throws ConvoError E_OPTION for inputs that do not exist */
export function withInputs(network: Network, set: NetInputs): Network {
  const { inputs } = network
  const names = inputs.map(({ name }) => name)
  const odd = Object.keys(set).find((name) => !names.includes(name))
  if (odd !== undefined) {
    const guess = nearest(
      odd,
      inputs.filter(isNumber).map(({ name }) => name),
    )
    throw new ConvoError('E_OPTION', `the network has no input "${odd}"`, {
      why: `its inputs: ${inputs.map(named).join(', ')}`,
      ...(guess !== undefined && { instead: [odd, guess] as const }),
    })
  }
  const own = inputs.filter(({ name }) => Object.hasOwn(set, name))
  const picture = own.find((port) => !isNumber(port))
  if (picture !== undefined) {
    throw new ConvoError(
      'E_OPTION',
      `the input ${named(picture)} of the network is a picture, not a number`,
      {
        fix: 'only inputs other than the picture',
      },
    )
  }
  const filled = own.map(({ name, shape = [] }): readonly [string, Constant] => {
    const sizes = shape.map((n) => (typeof n === 'number' && n > 0 ? n : 1))
    return [name, { type: 'float32', shape: sizes, data: new Float32Array(sizeOf(sizes)).fill(set[name]!) }]
  })
  return {
    ...network,
    inputs: inputs.filter((port) => !own.includes(port)),
    constants: new Map([...network.constants, ...filled]),
  }
}

/** Finds the input that takes the picture. @throws ConvoError E_NET_OPERATOR if there is none, or more than one */
export function pictureInput({ inputs, constants }: Network): Port {
  const asked = inputs.filter(({ name }) => !constants.has(name))
  const [port] = asked
  if (port !== undefined && asked.length === 1) return port
  const numbers = asked.filter(isNumber)
  const list = asked.find((one) => one.shape?.length === 1 && !numbers.includes(one))
  throw new ConvoError(
    'E_NET_OPERATOR',
    port === undefined
      ? 'the network takes no picture'
      : `the network takes ${asked.length} inputs, and one picture is given`,
    {
      why: inputs.map(named),
      ...(port !== undefined && {
        fix:
          numbers.length === asked.length - 1 && numbers.length > 0
            ? `--set ${numbers.map(({ name }) => `${name}=0.5`).join()}`
            : list !== undefined
              ? `a network exported with "${list.name}" as a constant`
              : 'a network that takes all of its pictures as channels of one input',
      }),
    },
  )
}

/** Whether an input is a single number. */
const isNumber = ({ shape }: Port): boolean =>
  shape?.slice(-2).every((n) => n === 1 || (typeof n !== 'number' && shape.length < 2)) === true

const named = ({ name, shape }: Port): string => `${name} [${shape ?? ''}]`
