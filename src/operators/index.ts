import { single } from '../conv/recipe.ts'
import { type Operator, operator } from './operator.ts'
export const operators: Record<string, Operator> = {
  conv2d: operator({
    summary: 'correlates with any kernel',
    formula: '',
    source: '',
    params: {},
    kernel: 'required',
    build: ({ kernel }) => ({ kind: 'recipe', recipe: single(kernel!) }),
  }),
}
