/** Values that stacks share by name. */
import type { ListExportsCommandInput, ListImportsCommandInput } from '@aws-sdk/client-cloudformation';
import { exportsOf, importersOf } from '../../stacks/records.ts';
import type { Call, Operation } from '../service.ts';
import { page } from './access.ts';
import { type EngineOf, invalid } from './engines.ts';

const pageSize = 100;

export function exportOperations(engineOf: EngineOf): Record<string, Operation> {
  return {
    listExports({ NextToken }: ListExportsCommandInput, call: Call) {
      const { items, NextToken: next } = page(exportsOf(engineOf(call).host), NextToken, pageSize);
      const exports = items.map(({ name, value, stack }) => ({ ExportingStackId: stack.id, Name: name, Value: value }));
      return { Exports: exports, NextToken: next };
    },
    listImports({ ExportName = '', NextToken }: ListImportsCommandInput, call: Call) {
      const { host } = engineOf(call);
      if (!exportsOf(host).some(({ name }) => name === ExportName))
        throw invalid(`No export named ${ExportName} found`);
      const names = importersOf(host, ExportName);
      if (names.length === 0) throw invalid(`Export '${ExportName}' is not imported by any stack.`);
      const { items, NextToken: next } = page(names, NextToken, pageSize);
      return { Imports: items, NextToken: next };
    },
  };
}
