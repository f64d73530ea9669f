/** Distributions and the buckets behind them, each origin with those who ask it. */
import { fromRecord } from '../../../region/decisions.ts';
import type { Path } from '../../../region/template.ts';
import type { BehaviourConfig, EdgeConfig, S3OriginConfig } from '../../../region/traffic/edge/config.ts';
import type { Model, ModelResource, ProposedCall } from '../../model/model.ts';
import { listOf, named, recordOf } from './parts.ts';

type Caller = ProposedCall['caller'];

export const bucketType = 'AWS::S3::Bucket';

export interface Behaviour extends BehaviourConfig {
  /** Within the distribution's definition. */
  readonly path: Path;
}

export interface Distribution {
  readonly logicalId: string;
  readonly edge: EdgeConfig;
  /** In the order in which their patterns are tried; the default one last. */
  readonly behaviours: readonly Behaviour[];
  readonly resource: ModelResource | undefined;
}

export interface BucketOrigin {
  readonly distribution: Distribution;
  readonly origin: S3OriginConfig;
  /** Within the distribution's definition. */
  readonly path: Path;
  /** Undefined where it is not of this template. */
  readonly bucket: ModelResource | undefined;
  /** As whom the distribution asks the bucket. */
  readonly caller: Caller;
  /** Those that lead there. */
  readonly behaviours: readonly Behaviour[];
}

const config = ['Properties', 'DistributionConfig'];

export function distributionsOf(model: Model): readonly Distribution[] {
  return model.decisions.distributions().map((edge) => {
    const logicalId = model.logicalIdOf(edge.id) ?? edge.id;
    const last = edge.behaviours.length - 1;
    const behaviours = edge.behaviours.map((one, index) => ({
      ...one,
      path: [...config, ...(index === last ? ['DefaultCacheBehavior'] : ['CacheBehaviors', index])],
    }));
    return { logicalId, edge, behaviours, resource: model.resources.get(logicalId) };
  });
}

export function bucketOriginsOf(model: Model): readonly BucketOrigin[] {
  return distributionsOf(model).flatMap((distribution) => {
    const { Origins } = recordOf(distribution.resource?.properties.DistributionConfig);
    return listOf(Origins).flatMap((given, index) => {
      const behaviours = distribution.behaviours.filter(({ origin }) => origin.id === recordOf(given).Id);
      const origin = behaviours[0]?.origin;
      if (origin?.kind !== 's3') return [];
      const bucket = named(model, bucketType, origin.bucket);
      const caller: Caller = model.decisions.originCaller(origin, distribution.edge, fromRecord({}));
      return [{ distribution, origin, path: [...config, 'Origins', index], bucket, caller, behaviours }];
    });
  });
}

/** A key that a behaviour asks its bucket for. */
export function keyBehind({ pathPattern, origin }: Pick<Behaviour, 'pathPattern' | 'origin'>): string {
  const path = pathPattern === '*' ? '/index.html' : pathPattern.replaceAll('*', 'x').replaceAll('?', 'x');
  return `${origin.path}/${path.replace(/^\//, '')}`.slice(1);
}

/** `its default behaviour`, `its behaviour for /api/*` */
export function behaviourName({ pathPattern }: Pick<Behaviour, 'pathPattern'>): string {
  return pathPattern === '*' ? 'its default behaviour' : `its behaviour for ${pathPattern}`;
}
