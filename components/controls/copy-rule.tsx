import { CopyButton } from './copy-button.tsx';

/** The RBAC rule that a forbidden lane lacks, to be pasted; shown where nothing can be copied. */
export function CopyRule({ rule }: { rule: string }) {
  return (
    <div className="copy-rule">
      <CopyButton
        text={rule}
        label="Copy the rule"
        copied="Copied: a Role with get, list and watch on endpointslices"
        testId="copy-rule"
      />
    </div>
  );
}
