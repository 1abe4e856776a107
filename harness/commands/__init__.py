"""The commands of `thrice` beside `certify` and `replay`, one file each: its arguments, and what it
does.
"""
