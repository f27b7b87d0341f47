import { passOf, type Scene, sizeFormula, slide } from '../animate/scene.ts'
import { kernelSettings, meeting, noise, perAxis, type SceneOptions, weightsOf } from '../animate/settings.ts'
import type { Teaching } from './teaching.ts'

async function scene(options: SceneOptions): Promise<Scene> {
  const size = perAxis('size', options.size, [4, 5, 5])
  const weight = await weightsOf(options, 1, 1, [3, 3, 3])
  const how = meeting(options)
  const kernel = weight.shape.slice(2).join('x')
  const { pass, out } = await passOf(noise([1, ...size], 0, 3), weight, how, ({ shape }) => ({
    input: `input ${size.join('x')}`,
    kernel: `kernel ${kernel}`,
    output: `output ${shape.slice(1).join('x')}`,
  }))
  return {
    title: `${size.join('x')} ∗ ${kernel} → ${out.shape.slice(1).join('x')} (depth x height x width)`,
    formula: `stride ${how.stride}, padding ${how.padding}, dilation ${how.dilation}: ${sizeFormula(pass)}; depth ${size[0]} → ${out.shape[1]}; weights ${weight.data.length}`,
    frames: slide(pass),
  }
}

export const teaching: Teaching = { animations: { conv3d: { takes: kernelSettings, scene } } }
