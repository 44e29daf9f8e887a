// `events`
const shown = "--format '{{.Type}} {{.Action}} {{.Actor.Attributes.name}}'";
export const events: readonly string[] = [
  "date +%s.%N > since; docker run -d --name one --network none --label l=m box sleep 1000",
  "docker pause one; docker unpause one; docker rename one uno; docker exec uno true; docker kill uno; docker wait uno; docker rm uno",
  `docker events --since $(cat since) --until $(date +%s.%N) --filter type=container ${shown}`,
  "docker events --since $(cat since) --until $(date +%s.%N) --filter type=container --filter event=die --format '{{json .Actor.Attributes}}' | jq -Sc 'del(.execDuration)'",
  "docker events --since $(cat since) --until $(date +%s.%N) --filter type=container --filter event=create",
  "docker events --since $(cat since) --until $(date +%s.%N) --filter container=uno --filter event=destroy --format '{{.ID}}'",
  "docker events --since $(cat since) --until $(date +%s.%N) --filter container=nosuch",
  "docker events --since $(cat since) --until $(date +%s.%N) --filter type=bogus",
  "docker events --since $(cat since) --until $(date +%s.%N) --filter bogus=x",
  "docker events --since bogus",
  "docker events --since 1h --until 2h",
  "docker events x",
];
