import type { Operation } from '../picture/operations.ts'
import { operationSyntax } from '../picture/words/operation-syntax.ts'
import type { Command } from './command.ts'
import { recipeText } from './kernel-text.ts'
import { defaultsText, pictureCommands } from './operation-facts.ts'
import { runOperation } from './run-operation.ts'

/** Returns the command that runs an operation on a picture. */
export function operationCommand(operation: Operation): Command {
  const syntax = operationSyntax(operation)
  return {
    name: syntax.name,
    summary: operation.summary,
    group: operation.group,
    arguments: syntax.arguments,
    get options() {
      return syntax.options
    },
    get examples() {
      return syntax.examples
    },
    details: (width) => ({
      'What it computes': operation.formula ?? '',
      Kernel: operation.recipe ? recipeText(operation.recipe(), width - 2).replace(/^(?=.)/gm, '  ') : '',
      Source: operation.source,
      Defaults: defaultsText(operation, width),
      'See it': pictureCommands(operation)
        .map((line) => `  ${line}`)
        .join('\n'),
    }),
    run: (call) => runOperation(operation, call),
  }
}
