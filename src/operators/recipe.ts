import { type FilterOptions, filterDefaults } from '../conv/plan.ts'
import type { Recipe } from '../conv/recipe.ts'
import { ConvoError } from '../error.ts'
import { borderName, checkFill } from '../tensor/border.ts'
import type { Given, KernelOptions, Step } from './operator.ts'

/**
 * Makes the step of a recipe, whose kernels are applied to each channel separately, with the given options. `own` are
 * options that the operator decides itself.
 *
 * @throws ConvoError E_OPTION for a fill value with another border than constant, or for several biases
 */
export function recipeStep(
  recipe: Recipe,
  { settings, kernel, full }: Pick<Given, 'settings' | 'full'> & Partial<Pick<Given, 'kernel'>>,
  own: Partial<FilterOptions> = {},
): Step {
  const options = { ...filterOptions(settings, kernel?.border), ...own }
  return {
    acts: 'pixels',
    kernels: { recipe, options },
    apply: (x, engine) => engine.recipe(x, recipe, options, full),
  }
}

/**
 * Converts the options for the plan of a recipe.
 *
 * @param kernelBorder the border mode from the kernel's file
 * @throws ConvoError E_OPTION for a fill value with another border than constant, or for several biases
 */
export function filterOptions(
  { groups: _, bias, ...settings }: KernelOptions,
  kernelBorder?: string,
): FilterOptions {
  const [level, ...others] = [bias ?? []].flat()
  if (others.length > 0) {
    const what = `--bias has ${others.length + 1} numbers, but one kernel is applied to every channel alike`
    throw new ConvoError('E_OPTION', what, {
      why: 'a bias for each output channel needs a bank of filters',
      fix: 'one number, for all channels',
    })
  }
  const border = settings.border ?? (kernelBorder === undefined ? 'replicate' : borderName(kernelBorder))
  checkFill(border, settings.fill)
  const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined))
  return { ...filterDefaults, ...given, ...(level !== undefined && { bias: level }), border }
}
