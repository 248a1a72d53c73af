import { z } from 'zod';
import { type RequestRules, type Rule, requestRules } from '../../api/rules.ts';
import { expectation, file, stepSchemas } from './schema.ts';

type Json = Record<string, unknown>;

/** The published schema: zod's own, with steps as a choice of verbs, and lanes and traffic as the API's rules say. */
export function jsonSchema(): Json {
  const whole = toJson(file);
  const properties = whole.properties as Record<string, Json>;
  const rule = requestRules.PutLane?.fields.lane;
  const lane = rule?.kind === 'message' ? fieldsOf(rule.request, ['id', 'label']) : {};
  const likeLane = {
    type: 'object',
    description: 'A preset with changed fields: `like` names the preset, `id` is its id here.',
    properties: { like: { type: 'string', description: 'The preset that it begins from.' }, ...lane },
    additionalProperties: false,
  };
  const laneWithId = { ...likeLane, required: ['id'] };
  const traffic = {
    type: 'object',
    properties: fieldsOf(requestRules.SetTraffic as RequestRules, []),
    additionalProperties: false,
  };
  const steps = Object.entries(stepSchemas).map(([verb, schema]) => {
    const json = toJson(schema);
    const own = json.properties as Record<string, Json>;
    if (verb === 'lane') own.lane = { ...laneWithId, description: own.lane?.description };
    if (verb === 'traffic') own.traffic = { ...traffic, description: own.traffic?.description };
    return json;
  });
  const startTraffic = { ...traffic, properties: without(traffic.properties, 'laneId') };
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'https://lbscope.dev/scenarios/schema.json',
    title: 'lbscope scenario',
    description: 'A story, its steps, a prediction to vote on and what must be true. See docs/scenarios.md.',
    ...without(whole, '$schema'),
    properties: {
      ...properties,
      lanes: { ...properties.lanes, items: { anyOf: [{ type: 'string', pattern: '^[a-z0-9-]{1,32}$' }, laneWithId] } },
      traffic: { ...startTraffic, description: properties.traffic?.description },
      steps: { ...properties.steps, items: { anyOf: steps } },
      expect: { ...properties.expect, items: toJson(expectation) },
    },
  };
}

function toJson(schema: z.ZodType): Json {
  return without(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Json, '$schema');
}

function without<T extends Json>(object: T, key: string): Json {
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== key));
}

function fieldsOf(rules: RequestRules, first: readonly string[]): Record<string, Json> {
  const names = [...first, ...Object.keys(rules.fields).filter((name) => !first.includes(name))];
  return Object.fromEntries(names.map((name) => [name, ruleJson(rules.fields[name] as Rule)]));
}

function ruleJson(rule: Rule): Json {
  switch (rule.kind) {
    case 'number':
      return { type: rule.whole ? 'integer' : 'number', minimum: rule.min, maximum: rule.max };
    case 'bool':
      return { type: 'boolean' };
    case 'word':
      return { enum: rule.mayBeEmpty === true ? ['', ...rule.words] : [...rule.words] };
    case 'list':
      return { type: 'array', items: ruleJson(rule.item), maxItems: rule.most };
    case 'message':
      return { type: 'object', properties: fieldsOf(rule.request, []), additionalProperties: false };
    case 'text':
      return { type: 'string', description: `Allowed is ${rule.allowed}.` };
    case 'instant':
    case 'bytes':
      return { type: 'string' };
  }
}
