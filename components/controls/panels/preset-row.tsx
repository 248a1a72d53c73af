'use client';

import { type ReactNode, useState } from 'react';
import type { Preset } from '../../../gen/lbscope/agent/v1/agent_pb.js';
import type { Added } from '../../live/actions.ts';
import { useActions, useMay } from '../../live/provider.tsx';

const nothing = { target: '', path: '', requestJson: '', answeredBy: '', descriptors: new Uint8Array() };
type Given = typeof nothing;

/** A lane that could be switched on, with what it needs to be told. */
export function PresetRow({ preset, added }: { preset: Preset; added(answer: Added): void }) {
  const { act, control } = useMay();
  const actions = useActions();
  const [busy, setBusy] = useState(false);
  const [given, setGiven] = useState<Given>(nothing);
  const { needsTarget, needsMethod } = preset;
  const missing = (needsTarget && given.target.trim() === '') || (needsMethod && given.path.trim() === '');
  const give = (part: Partial<Given>) => setGiven((before) => ({ ...before, ...part }));
  const add = async () => {
    setBusy(true);
    const { target, path, requestJson, answeredBy, descriptors } = given;
    const method = { path: path.trim(), requestJson, answeredBy: answeredBy.trim(), descriptors };
    const said = { ...(needsTarget && { target: target.trim() }), ...(needsMethod && { method }) };
    await actions()?.addPreset(preset.id, said, added);
    setBusy(false);
  };
  return (
    <li>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void add();
        }}
      >
        <b>{preset.label}</b>
        {control && (
          <button
            type="submit"
            className="word"
            data-testid={`add-${preset.id}`}
            aria-label={`Add ${preset.label}`}
            disabled={!act || busy || missing}
          >
            {busy ? 'Adding…' : 'Add'}
          </button>
        )}
        <small>
          {preset.teaches}
          {preset.needsObjects && ' Brings objects of its own into the cluster.'}
        </small>
        {needsTarget && control && (
          <Line
            label="host:port"
            testId={`target-${preset.id}`}
            placeholder={needsMethod ? 'orders-headless.shop.svc.cluster.local:50051' : 'greeter.example:443'}
            value={given.target}
            change={(target) => give({ target })}
          />
        )}
        {needsMethod && control && (
          <>
            <Line
              label="method"
              testId="method-path"
              placeholder="/grpc.health.v1.Health/Check"
              value={given.path}
              change={(path) => give({ path })}
            />
            <Line
              label="request, JSON"
              testId="method-request"
              placeholder="{}"
              value={given.requestJson}
              change={(requestJson) => give({ requestJson })}
            />
            <Line
              label="who answered"
              testId="method-answered-by"
              placeholder="address"
              value={given.answeredBy}
              change={(answeredBy) => give({ answeredBy })}
            >
              field:path.to.field, header:name, trailer:name, address (the one that is dialled); nothing where it can’t
              be known
            </Line>
            <label className="preset-field">
              <span>descriptor set</span>
              <input
                type="file"
                data-testid="method-descriptors"
                onChange={async ({ target: { files } }) => {
                  const bytes = await files?.[0]?.arrayBuffer();
                  give({ descriptors: new Uint8Array(bytes ?? new ArrayBuffer()) });
                }}
              />
              <small>only where the server has no reflection</small>
            </label>
          </>
        )}
      </form>
    </li>
  );
}

function Line({
  label,
  testId,
  placeholder,
  value,
  change,
  children,
}: {
  label: string;
  testId: string;
  placeholder: string;
  value: string;
  change(value: string): void;
  children?: ReactNode;
}) {
  return (
    <label className="preset-field">
      <span>{label}</span>
      <input
        value={value}
        data-testid={testId}
        placeholder={placeholder}
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => change(event.target.value)}
      />
      {children !== undefined && <small>{children}</small>}
    </label>
  );
}
