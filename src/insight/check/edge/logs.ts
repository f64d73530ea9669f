/** Logs that nobody deletes. */
import type { Rule } from '../rule.ts';
import { ofType } from './parts.ts';
import { pasteInto } from './paste.ts';

export const logRetention: Rule = {
  id: 'log-retention',
  severity: 'note',
  title: 'Logs are deleted some day',
  page: 'https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html',
  *find(model) {
    for (const { logicalId, properties } of ofType(model, 'AWS::Logs::LogGroup')) {
      if (properties.RetentionInDays !== undefined) continue;
      yield {
        message: `${logicalId} keeps its logs for ever, and each gigabyte is paid for every month.`,
        logicalId,
        path: ['Properties', 'RetentionInDays'],
        fix: pasteInto(logicalId, { RetentionInDays: 30 }),
      };
    }
  },
};
