#!/bin/sh
# A Slurm of one machine for tests: slurmctld and slurmd as this user, no authentication, a node of two CPUs.
#
#   slurm.sh start <folder> <port> <port>   starts it; prints the path of its configuration, to be set as SLURM_CONF
#   slurm.sh stop <folder>                  stops it
#
# Needs root and slurm-wlm: apt-get install -y --no-install-recommends slurm-wlm
set -eu

folder=$2
conf=$folder/slurm.conf

start() {
  mkdir -p "$folder/state" "$folder/spool"
  host=$(hostname -s)
  cat > "$conf" <<EOF
ClusterName=convo
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/none
CredType=cred/none
ProctrackType=proctrack/pgid
TaskPlugin=task/none
MpiDefault=none
ReturnToService=2
SchedulerType=sched/builtin
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=1
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/none
SlurmctldPort=$1
SlurmdPort=$2
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
EOF
  # more CPUs in the configuration than the machine has are not taken from it
  [ "$(nproc)" -ge 2 ] || echo 'SlurmdParameters=config_overrides' >> "$conf"
  export SLURM_CONF="$conf"
  slurmctld -f "$conf"
  slurmd -f "$conf" -N "$host"
  tries=0
  until sinfo -h -o %T 2>/dev/null | grep -q idle; do
    tries=$((tries + 1))
    if [ "$tries" -gt 600 ]; then
      echo "slurm did not come up: $(tail -n 5 "$folder/slurmctld.log" "$folder/slurmd.log")" >&2
      stop
      exit 1
    fi
    sleep 0.2
  done
  echo "$conf"
}

stop() {
  for daemon in slurmctld slurmd; do
    [ -f "$folder/$daemon.pid" ] || continue
    pid=$(cat "$folder/$daemon.pid")
    kill "$pid" 2>/dev/null || continue
    # a daemon saves its state before it ends, so the folder may only be removed after that
    tries=0
    while kill -0 "$pid" 2>/dev/null && [ "$tries" -lt 100 ]; do
      tries=$((tries + 1))
      sleep 0.1
    done
    kill -9 "$pid" 2>/dev/null || true
  done
}

case $1 in
  start) start "$3" "$4" ;;
  stop) stop ;;
  *) echo "slurm.sh start <folder> <port> <port>, or stop <folder>" >&2; exit 2 ;;
esac
