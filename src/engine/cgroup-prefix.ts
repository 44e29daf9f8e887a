// What stands before the id in the name of a container's cgroup, so that whoever lists cgroups sees whose
// they are. Apart, as the end of a container needs nothing else of what made it.

export const CGROUP_PREFIX = "bunker-";
