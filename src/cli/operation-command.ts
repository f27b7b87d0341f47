import type { Operation } from '../picture/operations.ts'
import { operationSyntax } from '../picture/words/operation-syntax.ts'
import type { Command } from './command.ts'
import { recipeText } from './kernel-text.ts'
import { defaultsText, pictureCommands } from './operation-facts.ts'
import { runOperation } from './run-operation.ts'

/** The command that runs an operation on a picture. */
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
    details: (width) => [
      ...(operation.formula === undefined ? [] : [{ title: 'What it computes', text: operation.formula }]),
      ...(operation.recipe === undefined
        ? []
        : [{ title: 'Kernel', text: recipeText(operation.recipe(), width - 2).replace(/^(?=.)/gm, '  ') }]),
      { title: 'Source', text: operation.source },
      { title: 'Defaults', text: defaultsText(operation, width) },
      {
        title: 'See it',
        text: pictureCommands(operation)
          .map((line) => `  ${line}`)
          .join('\n'),
      },
    ],
    run: (call) => runOperation(operation, call),
  }
}
