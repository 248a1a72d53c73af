# One image, four parts: `lbscope pod`, `lbscope ads`, `lbscope agent`, `lbscope dashboard`. docs/cluster.md says how to build and use it.
ARG NODE_IMAGE=node:26.10.0-bookworm-slim

FROM ${NODE_IMAGE} AS packages
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
# From the lock file alone; no network but the package registry. Development tools build the parts and stay in this stage.
RUN --mount=type=cache,target=/npm-cache \
    npm ci --cache /npm-cache --include=dev --include=optional --no-fund --no-audit --loglevel=error

FROM packages AS build
COPY . .
# A build of the same commit is the same image: nothing random in Next's file names, no times of this build.
ARG LBSCOPE_BUILD_ID=image
ENV LBSCOPE_BUILD_ID=${LBSCOPE_BUILD_ID} NEXT_TELEMETRY_DISABLED=1
RUN node scripts/image.mjs /image \
    && find /image -exec touch --no-dereference --date=@0 {} +

FROM ${NODE_IMAGE}
ENV NODE_ENV=production NEXT_TELEMETRY_DISABLED=1
WORKDIR /app
COPY --from=build /image/ ./
# A number, so that Kubernetes can prove that it is not root.
USER 1000:1000
EXPOSE 3000 3001 8080 18000 50051 50052
# No shell in between: signals reach the program, which handles them as PID 1 must.
ENTRYPOINT ["node", "/app/lbscope.mjs"]
CMD ["agent"]
