import type { Explanation } from '../../operators/explain.ts'
import type { Scene } from '../animate/scene.ts'
import type { SceneOptions, SettingName } from '../animate/settings.ts'
import type { Piece } from '../explain/solids.ts'

/** The animations of an operator, and what `explain` draws for it. */
export type Teaching = {
  /** The animations, by the names under which the operator lists them. */
  readonly animations: Readonly<Record<string, Animation>>
  /** Returns what is drawn between input and output. Default: a bank. */
  between?(e: Explanation): readonly Piece[]
  /** True if no single window of the input makes a sample of the output; then no windows are drawn. */
  readonly isWindowless?: true
}

export type Animation = {
  readonly takes: readonly SettingName[]
  scene(options: SceneOptions): Promise<Scene>
}
