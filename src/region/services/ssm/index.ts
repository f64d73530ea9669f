/**
 * Systems Manager, of which Parameter Store: the account's own parameters and the public ones of Amazon Linux.
 *
 * Not modelled: labels, parameter policies, sharing, and everything of Systems Manager beside parameters.
 */
import { type AnyHandler, type Call, type Operation, service } from '../service.ts';
import * as list from './describe.ts';
import * as parameter from './parameter.ts';
import { parameterType } from './resources.ts';

interface Named {
  readonly Name?: string;
  readonly Names?: readonly string[];
  readonly Path?: string;
  readonly ResourceId?: string;
}

/** Asked for each parameter that is named. */
const onParameters = (handle: AnyHandler): Operation => ({
  handle,
  access: ({ Name, Names, Path, ResourceId }: Named, call: Call) =>
    [Name, Path, ResourceId, ...(Names ?? [])]
      .filter((name) => name !== undefined)
      .map((name) => ({
        action: `ssm:${call.operation}`,
        resource: name.startsWith('arn:') ? name : parameter.parameterArn(call, name.replace(/:\d+$|(?<=.)\/$/, '')),
      })),
});

export const ssm = service('@aws-sdk/client-ssm', 'ssm', {
  deniedCode: 'AccessDeniedException',
  operations: {
    putParameter: onParameters(parameter.putParameter),
    getParameter: onParameters(parameter.getParameter),
    getParameters: onParameters(parameter.getParameters),
    getParametersByPath: onParameters(parameter.getParametersByPath),
    getParameterHistory: onParameters(parameter.getParameterHistory),
    deleteParameter: onParameters(parameter.deleteParameter),
    deleteParameters: onParameters(parameter.deleteParameters),
    describeParameters: list.describeParameters,
    addTagsToResource: onParameters(list.addTagsToResource),
    removeTagsFromResource: onParameters(list.removeTagsFromResource),
    listTagsForResource: onParameters(list.listTagsForResource),
  },
  resources: { 'AWS::SSM::Parameter': parameterType },
});
