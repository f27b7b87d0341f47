import { pickedLowerings } from './picked.ts'
import { pooledLowerings } from './pooled.ts'
import { quantisedLowerings } from './quantised.ts'
import { reducedLowerings } from './reduced.ts'
import { shapeLowerings } from './shapes.ts'
import { singleLowerings } from './single.ts'
import { sizedLowerings } from './sized.ts'
import type { Lowering } from './step.ts'
import { summedLowerings } from './summed.ts'
import { weightedLowerings } from './weighted.ts'

/** The implementation of each ONNX operator, by name. */
export const lowerings: Readonly<Record<string, Lowering>> = {
  ...weightedLowerings,
  ...singleLowerings,
  ...pooledLowerings,
  ...reducedLowerings,
  ...sizedLowerings,
  ...shapeLowerings,
  ...pickedLowerings,
  ...quantisedLowerings,
  ...summedLowerings,
}
