# SPDX-License-Identifier: MIT
# bash completion for tendril. Made by tools/man_pages.py of what --help prints.

_tendril() {
    local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} options=""
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        COMPREPLY=($(compgen -W "run serve top --help --version" -- "$word"))
        return
    fi
    case $command in
    run) options="--classes= --except= --children --report --watch --help" ;;
    serve) options="-h --help -c --config= -b --bind= -w --workers= --worker-connections= --backlog= -t --timeout= --graceful-timeout= --keep-alive= --max-requests= --max-requests-jitter= --limit-request-line= --limit-request-fields= --limit-request-head= --limit-request-body= --header-timeout= --body-timeout= --write-timeout= --access-logfile= --access-logformat= --error-logfile= --log-file= --log-level= --certfile= --keyfile= --ca-certs= --cert-reqs= --ciphers= --proxy-protocol --proxy-allow-from= --forwarded-allow-ips= --static= --compress --debug --reload --no-patch --preload --chdir= --pythonpath= -e --env= -D --daemon -p --pid= -u --user= -g --group= -m --umask= -n --name= --reuse-port --stack-size= --check-config" ;;
    top) options="--list --once --interval= --sort= --reverse --filter= --help" ;;
    esac
    if [[ $word == -* ]]; then
        COMPREPLY=($(compgen -W "$options" -- "$word"))
        [[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace
    elif [[ $command == top ]]; then
        COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" top --list 2>/dev/null | cut -d' ' -f1)" -- "$word"))
    elif [[ $command == run && ${COMP_WORDS[COMP_CWORD - 1]} == -* ]] || ((COMP_CWORD == 2)); then
        COMPREPLY=($(compgen -c -- "$word") $(compgen -f -- "$word"))
    else
        compopt -o default
    fi
}

_tendril_worker() {
    local word=${COMP_WORDS[COMP_CWORD]}
    COMPREPLY=()
    if [[ $word == -* ]]; then
        COMPREPLY=($(compgen -W "--load= --url= --queue= --concurrency= --processes= --hubs= --drain= --capacity= --deliveries= --once --list --check --help" -- "$word"))
        [[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace
    else
        compopt -o default
    fi
}

complete -F _tendril tendril
complete -F _tendril_worker tendril-worker
