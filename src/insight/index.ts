/** What can be known of a template before it is deployed, for programs: `orrery/insight`. */
export { type CheckOptions, type CheckResult, check, knownRules } from './check/check.ts';
export {
  type Observed,
  type ObservedCall,
  observedCalls,
  roleUnused,
  type UnusedPermission,
  unusedPermissions,
} from './check/edge/observed.ts';
export type { Finding, RuleName, Severity } from './check/rule.ts';
export { type SarifOptions, sarif } from './check/sarif.ts';
export { parseSuppressions, type SuppressedFinding, type Suppression, SuppressionError } from './check/suppress.ts';
export type { AssumptionKey, Given, Origin, Told } from './cost/assumptions.ts';
export { type CostOptions, cost, costDiff } from './cost/cost.ts';
export { CostError } from './cost/cost-error.ts';
export { type Decimal, decimal } from './cost/decimal.ts';
export type { NotPriced } from './cost/inventory.ts';
export { type PriceBook, parsePriceBook } from './cost/price-book.ts';
export type { CostAlternative, CostChange, CostDiff, CostLine, CostPiece, CostResult } from './cost/result.ts';
export type { ResourceChange } from './draw/changes.ts';
export { type DrawFormat, type Drawing, type DrawOptions, draw } from './draw/draw.ts';
export { DrawError } from './draw/draw-error.ts';
export { type Model, type ModelOptions, type ModelResource, modelOf } from './model/model.ts';
export { ModelError, type ModelProblem } from './model/model-error.ts';
export { type Profile, ProfileError, parseProfile, profileOfCsv } from './profile.ts';
export type { Answer, Passes, Question } from './reach/answer.ts';
export type { Decided } from './reach/decide.ts';
export { type Expectation, ExpectationError, type OnlyBy } from './reach/expectation.ts';
export { parseExpectations } from './reach/expectations-file.ts';
export type { End, Flow, Interfaces } from './reach/flow.ts';
export { type HeaderSet, headersText } from './reach/header-set.ts';
export type { Held } from './reach/hold.ts';
export type { Obstacle } from './reach/obstacle.ts';
export type { Connected, PairCount } from './reach/pairs.ts';
export { type Place, PlaceError } from './reach/place.ts';
export type { InterfaceClass, Outside } from './reach/positions.ts';
export { type Reach, reachability } from './reach/reach.ts';
export type { Refusal } from './reach/refusal.ts';
export { type Passing, type ReachRow, reachTable } from './reach/table.ts';
export type { Witness } from './reach/witness.ts';
export { reportPage } from './report/page.ts';
export type { Report } from './report/report.ts';
export { type AppModel, AppModelError, parseAppModel } from './simulate/app-model.ts';
export {
  findSettings,
  type Objective,
  parseObjective,
  type Search,
  type Settings,
  type Tried,
} from './simulate/objective.ts';
export type { SimulationResult } from './simulate/recording.ts';
export { simulationReport } from './simulate/report.ts';
export { type SimulationOptions, simulate } from './simulate/run.ts';
export { SimulationError } from './simulate/simulation-error.ts';
export {
  type Fix,
  type Journey,
  type Stop,
  TraceError,
  type TraceResult,
  type TraceStep,
  type Ways,
} from './trace/result.ts';
export { traceText } from './trace/text.ts';
export { type TraceRequest, trace, traceTemplate } from './trace/trace.ts';
