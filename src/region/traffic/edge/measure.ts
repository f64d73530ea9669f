/** Counts for CloudWatch. https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/programming-cloudwatch-metrics.html */
import type { IncomingMessage } from 'node:http';
import type { Meter } from '../planes.ts';
import type { EdgeConfig } from './config.ts';

export interface EdgeMeter {
  request(
    config: EdgeConfig,
    served: { readonly status: number; readonly bytesDownloaded: number; readonly request: IncomingMessage },
  ): void;
}

export function edgeMeter(meter: Meter | undefined): EdgeMeter {
  return {
    request({ id }, { status, bytesDownloaded, request }) {
      if (!meter) return;
      const dimensions = [{ DistributionId: id, Region: 'Global' }];
      const count = (metric: string, value: number, unit: string) =>
        meter.count('AWS/CloudFront', metric, dimensions, value, unit);
      count('Requests', 1, 'None');
      count('BytesDownloaded', bytesDownloaded, 'None');
      const method = request.method ?? '';
      const uploads = method === 'POST' || method === 'PUT' || method === 'PATCH';
      if (uploads) count('BytesUploaded', Number(request.headers['content-length'] ?? 0) || 0, 'None');
      // A rate is the average of what each request counts.
      const percent = (is: boolean) => (is ? 100 : 0);
      count('4xxErrorRate', percent(status >= 400 && status < 500), 'Percent');
      count('5xxErrorRate', percent(status >= 500), 'Percent');
      count('TotalErrorRate', percent(status >= 400), 'Percent');
    },
  };
}
