'use client';

import { useState } from 'react';
import type { RunEncodingBenchmarkResponse } from '../../../gen/lbscope/agent/v1/agent_pb.js';
import { type EncodingWay, encodingTables } from '../../../model/view/encoding.ts';
import { useActions, useMay } from '../../live/provider.tsx';
import { Sheet } from '../../ui/sheet.tsx';
import { sentence, spaced } from '../../ui/text.ts';
import { Notice } from '../notice.tsx';

/** The same messages and the same calls in protobuf and in JSON, measured now, by the agent, against one of the pods. */
export function EncodingSheet({ close }: { close(): void }) {
  const { act } = useMay();
  const actions = useActions();
  const [measuring, setMeasuring] = useState(false);
  const [answer, setAnswer] = useState<RunEncodingBenchmarkResponse>();
  const measure = async () => {
    setMeasuring(true);
    await actions()?.measureEncoding(setAnswer);
    setMeasuring(false);
  };
  return (
    <Sheet title="Protobuf against JSON" testId="encoding-sheet" close={close}>
      <p className="sheet-lead">
        The same message in protobuf and in JSON, encoded and decoded in the agent’s runtime; then whole calls to one
        pod, gRPC over HTTP/2 and JSON over HTTP/1.1. It takes some seconds, beside the lanes that run.
      </p>
      <div className="field">
        <button
          type="button"
          className="word figures-measure"
          data-testid="encoding-measure"
          disabled={!act || measuring}
          onClick={() => void measure()}
        >
          {answer === undefined ? 'Measure' : 'Measure again'}
        </button>
        <small className="field-hint" role="status">
          {measuring ? 'Measuring…' : sentence(answer?.note ?? '')}
        </small>
      </div>
      {answer !== undefined && <Figures answer={answer} />}
      <Notice inSheet />
    </Sheet>
  );
}

function Figures({ answer }: { answer: RunEncodingBenchmarkResponse }) {
  const { messages, ways } = encodingTables(answer);
  return (
    <>
      <table className="figures" data-testid="encoding-messages">
        <caption>
          Messages. The ratio is JSON’s figure over protobuf’s: above 1 protobuf is the smaller or quicker one.
        </caption>
        <thead>
          <tr>
            <th scope="col">Message</th>
            <th scope="col">Protobuf</th>
            <th scope="col">JSON</th>
            <th scope="col">Ratio</th>
          </tr>
        </thead>
        {messages.map(({ message, figures }) => (
          <tbody key={message}>
            <tr>
              <th scope="rowgroup" colSpan={4}>
                {message}
              </th>
            </tr>
            {figures.map(({ what, protobuf, json, ratio }) => (
              <tr key={what}>
                <th scope="row">{what}</th>
                <td data-better={ratio?.better === 'protobuf'}>{spaced(protobuf)}</td>
                <td data-better={ratio?.better === 'JSON'}>{spaced(json)}</td>
                <td>{ratio?.text}</td>
              </tr>
            ))}
          </tbody>
        ))}
      </table>
      {ways.length > 0 && <Ways ways={ways} />}
    </>
  );
}

function Ways({ ways }: { ways: readonly EncodingWay[] }) {
  return (
    <table className="figures" data-testid="encoding-calls">
      <caption>Whole calls, encode to decode, one connection or one for each call that runs.</caption>
      <thead>
        <tr>
          <th scope="col">Way, calls at once</th>
          <th scope="col">Calls/s</th>
          <th scope="col">p50</th>
          <th scope="col">p99</th>
        </tr>
      </thead>
      <tbody>
        {ways.map(({ key, way, atOnce, perSecond, p50, p99, failed }) => (
          <tr key={key}>
            <th scope="row">
              {way}, {atOnce}
              {failed > 0 && <small> {failed} failed</small>}
            </th>
            <td>{perSecond}</td>
            <td>{spaced(p50)}</td>
            <td>{spaced(p99)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
