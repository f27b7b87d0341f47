import { thinned } from './edges.ts'
import { formula } from './formulas.ts'
import { framed } from './frame.ts'
import { chosen, resampledAcross, resampledDown } from './resample.ts'
import { ranked } from './windows.ts'

/** The layers used by the filters of pictures, by name. */
export const pictureLayers = {
  framed,
  ranked,
  resampledAcross,
  resampledDown,
  chosen,
  thinned,
  formula,
} as const
