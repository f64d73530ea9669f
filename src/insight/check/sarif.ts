/**
 * A check's result as SARIF, which code reviews show beside the lines:
 * https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
 */
import { createHash } from 'node:crypto';
import type { CheckResult } from './check.ts';
import type { Finding, RuleName } from './rule.ts';

export interface SarifOptions {
  /** Of the template's file, from the root of the repository, with slashes. */
  readonly uri: string;
  /** Orrery's. */
  readonly version: string;
  readonly rules: readonly RuleName[];
}

/** The log, as it is written. */
export function sarif(result: CheckResult, { uri, version, rules }: SarifOptions): object {
  const at = (line: number | undefined) => ({
    // A region needs a line, and GitHub shows nothing without a region.
    physicalLocation: { artifactLocation: { uri: encodeURI(uri) }, region: { startLine: line ?? 1 } },
  });
  const resultOf = (finding: Finding, reason: string | undefined) => ({
    ruleId: finding.rule,
    ruleIndex: rules.findIndex(({ id }) => id === finding.rule),
    level: finding.severity,
    message: { text: [finding.message, ...(finding.fix === undefined ? [] : [`Fix:\n${finding.fix}`])].join('\n') },
    locations: [
      {
        ...at(finding.line),
        ...(finding.logicalId === undefined
          ? {}
          : {
              logicalLocations: [
                {
                  name: finding.logicalId,
                  fullyQualifiedName: finding.constructPath ?? finding.logicalId,
                  kind: 'resource',
                },
              ],
            }),
      },
    ],
    partialFingerprints: { 'orreryFinding/v1': fingerprint(finding) },
    suppressions: reason === undefined ? [] : [{ kind: 'external', status: 'accepted', justification: reason }],
  });
  return {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'Orrery', version, rules: rules.map(descriptor) } },
        columnKind: 'utf16CodeUnits',
        invocations: [
          {
            executionSuccessful: true,
            toolExecutionNotifications: result.notProven.map(({ logicalId, type, path, what, line }) => ({
              level: 'note',
              message: { text: `Not proven: ${[logicalId, `(${type})`, path, what].filter(Boolean).join(' ')}` },
              locations: [at(line)],
            })),
          },
        ],
        results: [
          ...result.findings.map((one) => resultOf(one, undefined)),
          ...result.suppressed.map((one) => resultOf(one, one.reason)),
        ],
      },
    ],
  };
}

function descriptor({ id, title, severity, page }: RuleName): object {
  return {
    id,
    shortDescription: { text: title },
    ...(page === undefined ? {} : { helpUri: page }),
    help: { text: `${title}. See docs/checks/${id}.md of Orrery${page === undefined ? '' : `, and ${page}`}.` },
    defaultConfiguration: { level: severity },
  };
}

/** The same when lines move: by it a review knows a finding again. */
function fingerprint({ rule, logicalId, path = [], message }: Finding): string {
  const place = logicalId === undefined ? message : [logicalId, ...path].join('/');
  return createHash('sha256').update(`${rule} ${place}`).digest('hex').slice(0, 32);
}
