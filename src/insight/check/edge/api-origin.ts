/** The origin that an API allows, where the template says it to the machines, against the one its app is served from. */
import type { Path } from '../../../region/template.ts';
import type { Model } from '../../model/model.ts';
import type { Rule } from '../rule.ts';
import { distributionsOf } from './origins.ts';
import { and, listOf, ofType, recordOf, textOf } from './parts.ts';

/** `ALLOWED_ORIGIN=…`, as an environment file or a unit of systemd has it; the value ends with the line. */
const setting = /\b((?:CORS_)?ALLOWED_ORIGINS?|CORS_ORIGINS?)=(["']?)([^\s"']*)\2/g;

interface Setting {
  readonly logicalId: string;
  readonly path: Path;
  readonly variable: string;
  readonly origins: readonly string[];
}

function settings(model: Model): readonly Setting[] {
  return ofType(model, 'AWS::EC2::LaunchTemplate', 'AWS::EC2::Instance').flatMap(
    ({ logicalId, properties, metadata }) => {
      const data = recordOf(properties.LaunchTemplateData ?? properties);
      const userData = Buffer.from(textOf(data.UserData) ?? '', 'base64').toString();
      const at: Path = [...(properties.LaunchTemplateData ? ['Properties', 'LaunchTemplateData'] : ['Properties'])];
      const init = 'AWS::CloudFormation::Init';
      return [
        ...settingsIn(userData).map((one) => ({ ...one, logicalId, path: [...at, 'UserData'] })),
        ...settingsIn(textsBelow(metadata[init]).join('\n')).map((one) => ({
          ...one,
          ...{ logicalId, path: ['Metadata', init] },
        })),
      ];
    },
  );
}

function settingsIn(text: string): readonly Pick<Setting, 'variable' | 'origins'>[] {
  return [...text.matchAll(setting)].map(([, variable = '', , value = '']) => ({
    variable,
    origins: value.split(',').filter((origin) => origin !== ''),
  }));
}

function textsBelow(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsBelow) : [];
}

export const corsApiOrigin: Rule = {
  id: 'cors-api-origin',
  severity: 'warning',
  title: 'The API allows the origin that its app is served from',
  page: 'https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/CNAMEs.html',
  *find(model) {
    const names = distributionsOf(model).flatMap(({ edge }) =>
      edge.aliases.length > 0 ? edge.aliases : [edge.domainName],
    );
    const apps = new Set(names.map((name) => `https://${name}`));
    if (apps.size === 0) return;
    for (const { logicalId, path, variable, origins } of settings(model)) {
      // None: the API is asked from its own origin.
      if (origins.length === 0) continue;
      const everybody = origins.includes('*');
      const fits = origins.some((origin) => matchesOne(origin, apps));
      if (fits && !everybody) continue;
      yield {
        message: everybody
          ? `${logicalId} gives its machines ${variable}=*: pages of every origin may call the API, and with cookies none may, as browsers refuse * together with credentials.`
          : `${logicalId} gives its machines ${variable}=${origins.join(',')}, but the app is served from ${and([...apps])}: browsers refuse its calls.`,
        logicalId,
        path,
        fix: `${variable}=${listOf([...apps]).join(',')}`,
      };
    }
  },
};

function matchesOne(origin: string, apps: ReadonlySet<string>): boolean {
  // An Origin header has no slash at its end: with one, nothing is ever equal to it.
  return [...apps].some((app) => app === origin || (app.startsWith('https://*.') && origin.endsWith(app.slice(9))));
}
