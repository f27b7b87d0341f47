import { pickedLowerings } from './picked.ts'
import { pooledLowerings } from './pooled.ts'
import { quantisedLowerings } from './quantised.ts'
import { reducedLowerings } from './reduced.ts'
import { sampledLowerings } from './sampled.ts'
import { shapeLowerings } from './shapes.ts'
import { singleLowerings } from './single.ts'
import { sizedLowerings } from './sized.ts'
import type { Lowering } from './step.ts'
import { weightedLowerings } from './weighted.ts'

/** What is computed of each operator of ONNX, by its name. */
export const lowerings: Readonly<Record<string, Lowering>> = {
  ...weightedLowerings,
  ...singleLowerings,
  ...pooledLowerings,
  ...reducedLowerings,
  ...sizedLowerings,
  ...sampledLowerings,
  ...shapeLowerings,
  ...pickedLowerings,
  ...quantisedLowerings,
}
